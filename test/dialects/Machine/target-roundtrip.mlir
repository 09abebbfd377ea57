// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s

// CHECK:      module @single attributes {
// CHECK-SAME:   machine.a = #machine.instruction<"dot4.512", 1, 16, 4, i8, ui8, i32>,
// CHECK-SAME:   machine.b = #machine.instruction<"mma", 16, 16, 32, f16, f16, f32>,
// CHECK-SAME:   machine.c = #machine.memory<"l1", 32768, "core">,
// CHECK-SAME:   machine.d = #machine.memory<"l3", 33554432, "die">,
// CHECK-SAME:   machine.e = #machine.memory<"dram", 68719476736, "machine">} {
module @single attributes {
  machine.a = #machine.instruction<"dot4.512", 1, 16, 4, i8, ui8, i32>,
  machine.b = #machine.instruction<"mma", 16, 16, 32, f16, f16, f32>,
  machine.c = #machine.memory<"l1", 32768, "core">,
  machine.d = #machine.memory<"l3", 33554432, "die">,
  machine.e = #machine.memory<"dram", 68719476736, "machine">
} {}

// CHECK:      module @full attributes {machine.target = #machine.target<"server",
// CHECK-SAME:   triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64",
// CHECK-SAME:   features = ["v", "zvfh"], vector_bytes = 32, vector_registers = 32,
// CHECK-SAME:   instructions = [<"dot4.256", 1, 8, 4, i8, ui8, i32>, <"dot4.128", 1, 4, 4, i8, ui8, i32>],
// CHECK-SAME:   memories = [<"l1", 32768, "core">, <"l2", 262144, "die">]>} {
module @full attributes {machine.target = #machine.target<"server",
  triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64",
  features = ["v", "zvfh"], vector_bytes = 32, vector_registers = 32,
  instructions = [<"dot4.256", 1, 8, 4, i8, ui8, i32>, <"dot4.128", 1, 4, 4, i8, ui8, i32>],
  memories = [<"l1", 32768, "core">, <"l2", 262144, "die">]>} {}

// A machine of which little is known, at the ends of the ranges.
// CHECK:      module @least attributes {machine.target = #machine.target<"least",
// CHECK-SAME:   triple = "", cpu = "", features = [], vector_bytes = 16, vector_registers = 8,
// CHECK-SAME:   instructions = [], memories = []>} {
module @least attributes {machine.target = #machine.target<"least",
  triple = "", cpu = "", features = [], vector_bytes = 16, vector_registers = 8,
  instructions = [], memories = []>} {}

// CHECK:      module @widest attributes {machine.target = #machine.target<"widest",
// CHECK-SAME:   vector_bytes = 256,
module @widest attributes {machine.target = #machine.target<"widest",
  triple = "", cpu = "", features = [], vector_bytes = 256, vector_registers = 8,
  instructions = [], memories = []>} {}
