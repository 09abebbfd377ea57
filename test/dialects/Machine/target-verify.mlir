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

// expected-error @+1 {{expected a positive size of memory l1, but got 0}}
module attributes {machine.a = #machine.memory<"l1", 0, "core">} {}

// -----

// expected-error @+1 {{expected scope core, die or machine of memory l1, but got socket}}
module attributes {machine.a = #machine.memory<"l1", 1024, "socket">} {}

// -----

// expected-error @+1 {{expected vector_bytes to be a power of two from 16 to 256, but got 8}}
module attributes {machine.a = #machine.target<"t", triple = "", cpu = "", features = [], vector_bytes = 8, vector_registers = 16, instructions = [], memories = []>} {}

// -----

// expected-error @+1 {{expected vector_bytes to be a power of two from 16 to 256, but got 512}}
module attributes {machine.a = #machine.target<"t", triple = "", cpu = "", features = [], vector_bytes = 512, vector_registers = 16, instructions = [], memories = []>} {}

// -----

// expected-error @+1 {{expected vector_bytes to be a power of two from 16 to 256, but got 24}}
module attributes {machine.a = #machine.target<"t", triple = "", cpu = "", features = [], vector_bytes = 24, vector_registers = 16, instructions = [], memories = []>} {}

// -----

// expected-error @+1 {{expected at least 8 vector registers, but got 7}}
module attributes {machine.a = #machine.target<"t", triple = "", cpu = "", features = [], vector_bytes = 16, vector_registers = 7, instructions = [], memories = []>} {}
