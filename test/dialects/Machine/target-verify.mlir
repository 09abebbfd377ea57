// RUN: %frit-opt --split-input-file --verify-diagnostics %s

// expected-error @+1 {{expected a positive shape of instruction dot, but got 0 x 16 x 4}}
module attributes {machine.a = #machine.instruction<"dot", 0, 16, 4, i8, ui8, i32>} {}

// -----

// expected-error @+1 {{expected a positive shape of instruction dot, but got 1 x -1 x 4}}
module attributes {machine.a = #machine.instruction<"dot", 1, -1, 4, i8, ui8, i32>} {}

// -----

// expected-error @+1 {{expected a positive shape of instruction dot, but got 1 x 16 x 0}}
module attributes {machine.a = #machine.instruction<"dot", 1, 16, 0, i8, ui8, i32>} {}

// -----

// expected-error @+1 {{expected a number above 0, at most 1e24 as the rate of instruction dot, but got -1.0}}
module attributes {machine.a = #machine.instruction<"dot", 1, 16, 4, i8, ui8, i32, -1 per core>} {}

// -----

// expected-error @+1 {{expected a rate above 0}}
module attributes {machine.a = #machine.instruction<"dot", 1, 16, 4, i8, ui8, i32, 0.0 per core>} {}

// -----

// expected-error @+1 {{expected a memory to have a name}}
module attributes {machine.a = #machine.memory<"", 1 per core>} {}

// -----

// expected-error @+1 {{expected bytes above 0}}
module attributes {machine.a = #machine.memory<"l1", 0 per core>} {}

// -----

// expected-error @+1 {{expected bytes above 0}}
module attributes {machine.a = #machine.memory<"l1", -1 per core>} {}

// -----

// expected-error @+1 {{expected unit, core, cluster, die or machine, but got socket}}
module attributes {machine.a = #machine.memory<"l1", 1024 per socket>} {}

// -----

// expected-error @+1 {{expected matrix_inputs, matrix_outputs, vectors as what a memory serves, but got users}}
module attributes {machine.a = #machine.memory<"l1", 1024 per core, serves = [users]>} {}

// -----

// expected-error @+1 {{expected the alignment of memory l1 to be a power of two, but got 48}}
module attributes {machine.a = #machine.memory<"l1", 1024 per core, alignment = 48>} {}

// -----

// expected-error @+1 {{expected bytes above 0}}
module attributes {machine.a = #machine.memory<"l1", 1024 per core, alignment = 0>} {}

// -----

// expected-error @+1 {{expected a number above 0, at most 1e24 as the rate of memory l1, but got -1.0}}
module attributes {machine.a = #machine.memory<"l1", 1024 per core, bandwidth = -1 per core>} {}

// -----

// expected-error @+1 {{expected a datapath to lead to another memory, but got l1 twice}}
module attributes {machine.a = #machine.datapath<"l1" to "l1">} {}

// -----

// expected-error @+1 {{expected a number above 0, at most 1e24 as the rate of the datapath from l1 to l2, but got 1.0}}
module attributes {machine.a = #machine.datapath<"l1" to "l2", 1.0e25 per core>} {}

// -----

// expected-error @+1 {{expected convert, relu, scale, channel_scale, transpose, relayout, accumulate, multicast as what can be done on the way, but got sort}}
module attributes {machine.a = #machine.datapath<"l1" to "l2" [sort]>} {}

// -----

// expected-error @+1 {{expected a figure of a machine, but got warp_size}}
module attributes {machine.a = #machine.target<"t", warp_size = 32>} {}

// -----

// What passes do not need is in descriptions only.
// expected-error @+1 {{expected a figure of a machine, but got power_watts}}
module attributes {machine.a = #machine.target<"t", power_watts = 32>} {}

// -----

// expected-error @+1 {{expected cores once}}
module attributes {machine.a = #machine.target<"t", cores = 1, cores = 1>} {}

// -----

// expected-error @+1 {{expected a whole number from 1 to 1e9 as cores, but got 1.5}}
module attributes {machine.a = #machine.target<"t", cores = 1.5>} {}

// -----

// expected-error @+1 {{expected a number above 0, at most 1e12 as clock_hz, but got 0.0}}
module attributes {machine.a = #machine.target<"t", clock_hz = 0>} {}

// -----

// expected-error @+1 {{expected a number of seconds above 0, at most 1e6 as barrier_seconds, but got -1.0}}
module attributes {machine.a = #machine.target<"t", barrier_seconds = -1>} {}

// -----

// expected-error @+1 {{expected a number above 0, at most 1e24 as exp_per_second, but got 0.0}}
module attributes {machine.a = #machine.target<"t", exp_per_second = 0 per core>} {}

// -----

// expected-error @+1 {{expected 'per'}}
module attributes {machine.a = #machine.target<"t", exp_per_second = 10>} {}

// -----

// expected-error @+1 {{expected a whole number of bytes from 1 to 1e18 as vector_bytes, but got 0.0}}
module attributes {machine.a = #machine.target<"t", vector_bytes = 0>} {}

// -----

// expected-error @+1 {{expected vector_bytes to be a power of two from 16 to 256, but got 8}}
module attributes {machine.a = #machine.target<"t", vector_bytes = 8>} {}

// -----

// expected-error @+1 {{expected vector_bytes to be a power of two from 16 to 256, but got 512}}
module attributes {machine.a = #machine.target<"t", vector_bytes = 512>} {}

// -----

// expected-error @+1 {{expected vector_bytes to be a power of two from 16 to 256, but got 24}}
module attributes {machine.a = #machine.target<"t", vector_bytes = 24>} {}

// -----

// expected-error @+1 {{expected at least 8 vector registers, but got 7}}
module attributes {machine.a = #machine.target<"t", vector_registers = 7>} {}

// -----

// expected-error @+1 {{expected a machine with a triple to say vector_bytes and vector_registers}}
module attributes {machine.a = #machine.target<"t", triple = "t", vector_bytes = 16>} {}

// -----

// expected-error @+1 {{expected a machine without a triple to have no cpu and no features}}
module attributes {machine.a = #machine.target<"t", cpu = "c">} {}

// -----

// expected-error @+1 {{expected a machine without a triple to have no cpu and no features}}
module attributes {machine.a = #machine.target<"t", features = ["f"]>} {}

// -----

// expected-error @+1 {{expected one instruction i, but got two}}
module attributes {machine.a = #machine.target<"t", instructions = [<"i", 1, 1, 1, i8, i8, i32>, <"i", 2, 1, 1, i8, i8, i32>]>} {}

// -----

// expected-error @+1 {{expected one memory l1, but got two}}
module attributes {machine.a = #machine.target<"t", memories = [<"l1" per core>, <"l1" per die>]>} {}

// -----

// expected-error @+1 {{expected one datapath from a to b, but got two}}
module attributes {machine.a = #machine.target<"t", memories = [<"a" per core>, <"b" per core>], datapaths = [<"a" to "b">, <"a" to "b" [relu]>]>} {}

// -----

// expected-error @+1 {{expected the datapath from a to c to be between memories of the machine, but got c}}
module attributes {machine.a = #machine.target<"t", memories = [<"a" per core>, <"b" per core>], datapaths = [<"a" to "b">, <"a" to "c">]>} {}

// -----

// expected-error @+1 {{expected bounds of the rate of memory l1 above 0, at most 1, and from 1 to 1000, but got 1.5}}
module attributes {machine.a = #machine.memory<"l1" per core, bandwidth = 8 per core within 1.5 to 2>} {}

// -----

// expected-error @+1 {{expected bounds of barrier_seconds above 0, at most 1, and from 1 to 1000, but got 5.0}}
module attributes {machine.a = #machine.target<"t", barrier_seconds = 1.0e-06 within 0.5 to 0.75>} {}
