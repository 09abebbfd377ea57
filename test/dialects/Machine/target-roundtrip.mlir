// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s
// RUN: %frit-opt --emit-bytecode %s | %frit-opt | FileCheck %s

// CHECK:      module @single attributes {
// CHECK-SAME:   machine.a = #machine.instruction<"dot4.512", 1, 16, 4, i8, ui8, i32>,
// CHECK-SAME:   machine.b = #machine.instruction<"mma", 16, 16, 32, f8E4M3FN, f8E5M2, f32, 1.5e+13 per core>,
// CHECK-SAME:   machine.c = #machine.memory<"l1", 32768 per core>,
// CHECK-SAME:   machine.d = #machine.memory<"l3", 33554432 per cluster, alignment = 64>,
// CHECK-SAME:   machine.e = #machine.memory<"dram" per machine>,
// CHECK-SAME:   machine.f = #machine.memory<"a \22b\22", 68719476736 per unit>,
// CHECK-SAME:   machine.g = #machine.datapath<"l1" to "l0">,
// CHECK-SAME:   machine.h = #machine.datapath<"l0" to "gm", 2.5e+11 per die>,
// CHECK-SAME:   machine.i = #machine.datapath<"l0" to "gm" [convert, relu, scale, channel_scale, transpose, relayout, accumulate, multicast], 64 per core>,
// CHECK-SAME:   machine.j = #machine.datapath<"l0" to "gm" [relu]>,
// CHECK-SAME:   machine.k = #machine.instruction<"secret", ?, 8, ?, bf16, bf16, f32>,
// CHECK-SAME:   machine.l = #machine.memory<"hbm", 8 per die, alignment = 512, serves = [matrix_inputs, vectors], bandwidth = 1.6e+12 per die>,
// CHECK-SAME:   machine.m = #machine.memory<"dram" per machine, bandwidth = 2.0e+11 per machine within 0.5 to 2>} {
module @single attributes {
  machine.a = #machine.instruction<"dot4.512", 1, 16, 4, i8, ui8, i32>,
  machine.b = #machine.instruction<"mma", 16, 16, 32, f8E4M3FN, f8E5M2, f32, 15000000000000 per core>,
  machine.c = #machine.memory<"l1", 32768 per core>,
  machine.d = #machine.memory<"l3", 33554432 per cluster, alignment = 64>,
  machine.e = #machine.memory<"dram" per machine>,
  machine.f = #machine.memory<"a \22b\22", 68719476736 per unit>,
  machine.g = #machine.datapath<"l1" to "l0">,
  machine.h = #machine.datapath<"l0" to "gm", 250.0e9 per die>,
  machine.i = #machine.datapath<"l0" to "gm" [multicast, accumulate, relayout, transpose, channel_scale, scale, relu, convert], 64 per core>,
  machine.j = #machine.datapath<"l0" to "gm" [relu, relu]>,
  machine.k = #machine.instruction<"secret", ?, 8, ?, bf16, bf16, f32>,
  machine.l = #machine.memory<"hbm", 8 per die, alignment = 512, serves = [vectors, matrix_inputs], bandwidth = 1.6e12 per die>,
  machine.m = #machine.memory<"dram" per machine, bandwidth = 2.0e11 per machine within 0.5 to 2>
} {}

// Fields in any order; figures are printed in that of Figures.def.
// CHECK:      module @full attributes {machine.target = #machine.target<"server",
// CHECK-SAME:   triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64", features = ["v", "zvfh"],
// CHECK-SAME:   dies = 2, clusters = 4, cores = 16, matrix_units_per_core = 1, vector_units_per_core = 2,
// CHECK-SAME:   clock_hz = 1.85e+09, vector_bytes = 32, vector_registers = 32,
// CHECK-SAME:   f32_ops_per_second = 6.4e+10 per core, f16_ops_per_second = 1.28e+11 per unit, exp_per_second = 1.0e+09 per machine,
// CHECK-SAME:   barrier_seconds = 2.5e-07, launch_seconds = 1.5,
// CHECK-SAME:   instructions = [<"dot4.256", 1, 8, 4, i8, ui8, i32>, <"dot4.128", 1, 4, 4, i8, ui8, i32>],
// CHECK-SAME:   memories = [<"registers", 1024 per core>, <"l1", 32768 per core, alignment = 64>, <"dram" per machine>],
// CHECK-SAME:   datapaths = [<"l1" to "registers", 2.5e+11 per core>, <"registers" to "l1" [accumulate]>]>} {
module @full attributes {machine.target = #machine.target<"server",
  features = ["v", "zvfh"], cpu = "generic-rv64", triple = "riscv64-unknown-linux-gnu",
  vector_registers = 32, vector_bytes = 32, cores = 16, dies = 2, clusters = 4, clock_hz = 1.85e9,
  exp_per_second = 1000000000 per machine, f16_ops_per_second = 1.28e11 per unit, f32_ops_per_second = 6.4e10 per core,
  vector_units_per_core = 2, matrix_units_per_core = 1, launch_seconds = 1.5, barrier_seconds = 2.5e-7,
  datapaths = [<"l1" to "registers", 2.5e11 per core>, <"registers" to "l1" [accumulate]>],
  instructions = [<"dot4.256", 1, 8, 4, i8, ui8, i32>, <"dot4.128", 1, 4, 4, i8, ui8, i32>],
  memories = [<"registers", 1024 per core>, <"l1", 32768 per core, alignment = 64>, <"dram" per machine>]>} {}

// A machine of which little is known, at the ends of the ranges.
// CHECK:      module @nothing attributes {machine.target = #machine.target<"nothing">} {
module @nothing attributes {machine.target = #machine.target<"nothing", triple = "", cpu = "", features = [],
  instructions = [], memories = [], datapaths = []>} {}

// CHECK:      module @least attributes {machine.target = #machine.target<"least", vector_bytes = 16, vector_registers = 8>} {
module @least attributes {machine.target = #machine.target<"least", vector_bytes = 16, vector_registers = 8>} {}

// CHECK:      module @widest attributes {machine.target = #machine.target<"widest", triple = "t", cpu = "", features = [], vector_bytes = 256,
module @widest attributes {machine.target = #machine.target<"widest", triple = "t", vector_bytes = 256, vector_registers = 8>} {}
