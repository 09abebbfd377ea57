// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-lower-tiles-to-cpu)" --split-input-file --verify-diagnostics
// What no code can be made for is refused.

// expected-error @+1 {{expected a machine.target on the module}}
module {
}

// -----

// expected-error @+1 {{expected a machine with a triple, but t is for planning only}}
module attributes {machine.target = #machine.target<"t", vector_bytes = 16, vector_registers = 16>} {
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 128, vector_registers = 16, instructions = [], memories = []>
// expected-error @+1 {{expected vectors of at most 64 bytes, but got 128}}
module attributes {machine.target = #target} {
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
// expected-error @+1 {{expected f16 or f32 storage of the cache, but got 'i32'}}
tile.phase @cache_of_another_dialect reference @r bucket 1 cache i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
// expected-error @+1 {{expected f16 or f32 storage of the cache, but got '!kv.cache<1x16>'}}
tile.phase @without_stores reference @r bucket 1 cache !kv.cache<1x16> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
// expected-error @+1 {{expected f16 or f32 storage of the cache, but got '!kv.cache<1x16, k = <i8, token_head>, v = <f16>>'}}
tile.phase @int8_store reference @r bucket 1 cache !kv.cache<1x16, k = <i8, token_head>, v = <f16>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @carried_number reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{expected a phase to carry only tiles through loops, but got 'index'}}
  %r = scf.for %i = %c0 to %c1 step %c1 iter_args(%a = %c0) -> (index) {
    scf.yield %i : index
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @exchanged_tiles reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tile.fill 0.0 : !tile.tile<1x4>
  %b = tile.fill 1.0 : !tile.tile<1x4>
  // expected-error @+1 {{expected a loop not to exchange its carried tiles}}
  %r:2 = scf.for %i = %c0 to %c1 step %c1 iter_args(%x = %a, %y = %b) -> (!tile.tile<1x4>, !tile.tile<1x4>) {
    scf.yield %y, %x : !tile.tile<1x4>, !tile.tile<1x4>
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @exchanged_views reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tile.fill 0.0 : !tile.tile<2x4>
  %b = tile.fill 1.0 : !tile.tile<2x4>
  // expected-error @+1 {{expected a loop not to exchange its carried tiles}}
  %r:2 = scf.for %i = %c0 to %c1 step %c1 iter_args(%x = %a, %y = %b) -> (!tile.tile<2x4>, !tile.tile<2x4>) {
    %u = tile.reshape %y : !tile.tile<2x4> -> !tile.tile<4x2>
    %v = tile.reshape %u : !tile.tile<4x2> -> !tile.tile<2x4>
    %w = tile.rows %x[%c0] : !tile.tile<2x4> -> !tile.tile<2x4>
    scf.yield %v, %w : !tile.tile<2x4>, !tile.tile<2x4>
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @branch_with_a_result reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c = arith.constant true
  // expected-error @+1 {{expected a branch without results in a phase}}
  %r = scf.if %c -> (index) {
    scf.yield %c0 : index
  } else {
    scf.yield %c1 : index
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @foreign_op reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = arith.constant 1.0 : f32
  // expected-error @+1 {{expected an op of tile or arith, scf.for or scf.if in a phase}}
  %y = math.exp %x : f32
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @foreign_op_in_a_loop reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %c1 step %c1 {
    // expected-error @+1 {{expected an op of tile or arith, scf.for or scf.if in a phase}}
    %m = memref.alloc() : memref<4xf32>
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @other_loop reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{expected an op of tile or arith, scf.for or scf.if in a phase}}
  scf.execute_region {
    scf.yield
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @choice_of_tiles reference @r bucket 1 {
  %c = arith.constant true
  %a = tile.fill 0.0 : !tile.tile<1x4>
  %b = tile.fill 1.0 : !tile.tile<1x4>
  // expected-error @+1 {{expected an op of arith on numbers in a phase}}
  %x = arith.select %c, %a, %b : !tile.tile<1x4>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
tile.pack @p of [@w] order p16
tile.phase @choice_of_matrices reference @r bucket 1 {
  %c = arith.constant true
  %c0 = arith.constant 0 : index
  %a = tile.weights @p[%c0] : !tile.matrix<16x32, f32, p16>
  // expected-error @+1 {{expected an op of arith on numbers in a phase}}
  %x = arith.select %c, %a, %a : !tile.matrix<16x32, f32, p16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @vector reference @r bucket 1 {
  // expected-error @+1 {{expected an op of arith on numbers in a phase}}
  %x = arith.constant dense<0.0> : vector<4xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @map_of_a_tile reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.fill 0.0 : !tile.tile<1x4>
  %i = arith.constant 1 : i32
  %y = tile.map(%x : !tile.tile<1x4>) -> !tile.tile<1x4> {
  ^bb0(%a: f32):
    // expected-error @+1 {{expected an elementwise op on numbers in a map}}
    %b = tile.reduce add %x : !tile.tile<1x4> -> !tile.tile<1x1>
    tile.yield %a
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @map_of_an_index reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.fill 0.0 : !tile.tile<1x4>
  %i = arith.constant 1 : i32
  %y = tile.map(%x : !tile.tile<1x4>) -> !tile.tile<1x4> {
  ^bb0(%a: f32):
    // expected-error @+1 {{expected an elementwise op on numbers in a map}}
    %b = arith.addi %c0, %c1 : index
    tile.yield %a
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @map_of_vectors reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.fill 0.0 : !tile.tile<1x4>
  %i = arith.constant 1 : i32
  %y = tile.map(%x : !tile.tile<1x4>) -> !tile.tile<1x4> {
  ^bb0(%a: f32):
    // expected-error @+1 {{expected an elementwise op on numbers in a map}}
    %b = arith.constant dense<1.0> : vector<4xf32>
    tile.yield %a
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @map_with_two_results reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.fill 0.0 : !tile.tile<1x4>
  %i = arith.constant 1 : i32
  %y = tile.map(%x : !tile.tile<1x4>) -> !tile.tile<1x4> {
  ^bb0(%a: f32):
    // expected-error @+1 {{expected an elementwise op on numbers in a map}}
    %b:2 = arith.addui_extended %i, %i : i32, i1
    tile.yield %a
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x64, q8_0> at @f0, 0
tile.pack @p of [@w] order p16
tile.phase @unknown_instruction reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.fill 0.0 : !tile.tile<1x64>
  %q = tile.quantize %x : !tile.tile<1x64> -> !tile.qtile<1x64, block = 32>
  %w = tile.weights @p[%c0] : !tile.matrix<16x64, q8_0, p16>
  // expected-error @+1 {{expected an instruction of the CPU's table, but got "dot4.512"}}
  %y = tile.product %q, %w instruction "dot4.512" : !tile.qtile<1x64, block = 32>, !tile.matrix<16x64, q8_0, p16> -> !tile.tile<1x16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @other_block reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.fill 0.0 : !tile.tile<1x64>
  // expected-error @+1 {{expected blocks of 32, but got 64}}
  %q = tile.quantize %x : !tile.tile<1x64> -> !tile.qtile<1x64, block = 64>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @keys_dimension reference @r bucket 1 cache !kv.cache<1x16, value_dim = 32, k = <f16>, v = <f32>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{expected keys of '!kv.cache<1x16, value_dim = 32, k = <f16>, v = <f32>>', but got '!tile.matrix<64x32, f16, p16>'}}
  %k = tile.cache keys[%c0, %c0] of %c0 : !tile.matrix<64x32, f16, p16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @keys_format reference @r bucket 1 cache !kv.cache<1x16, value_dim = 32, k = <f16>, v = <f32>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{expected keys of '!kv.cache<1x16, value_dim = 32, k = <f16>, v = <f32>>', but got '!tile.matrix<64x16, f32, p16>'}}
  %k = tile.cache keys[%c0, %c0] of %c0 : !tile.matrix<64x16, f32, p16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @values_dimension reference @r bucket 1 cache !kv.cache<1x16, value_dim = 32, k = <f16>, v = <f32>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{expected values of '!kv.cache<1x16, value_dim = 32, k = <f16>, v = <f32>>', but got '!tile.matrix<16x64, f32, columns>'}}
  %k = tile.cache values[%c0, %c0] of %c0 : !tile.matrix<16x64, f32, columns>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @values_format reference @r bucket 1 cache !kv.cache<1x16, value_dim = 32, k = <f16>, v = <f32>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{expected values of '!kv.cache<1x16, value_dim = 32, k = <f16>, v = <f32>>', but got '!tile.matrix<32x64, f16, columns>'}}
  %k = tile.cache values[%c0, %c0] of %c0 : !tile.matrix<32x64, f16, columns>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.phase @part_of_a_head reference @r bucket 1 cache !kv.cache<1x16, value_dim = 32, k = <f16>, v = <f32>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.fill 0.0 : !tile.tile<1x48>
  tile.append keys %x[%c0] of %c0 : !tile.tile<1x48>
  // expected-error @+1 {{expected whole heads of 32 columns, but got 48}}
  tile.append values %x[%c0] of %c0 : !tile.tile<1x48>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.buffer @routes[tokens, 4]
tile.buffer @x[tokens, 16]
// What a buffer holds must not change.
tile.phase @combine_with_a_buffer reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = tile.load @routes[%c0, %c0] : !tile.tile<12x4>
  %d, %n = tile.dispatch %r valid %c1 : !tile.tile<12x4> -> !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  %y = tile.load @x[%c0, %c0] : !tile.tile<3x16>
  %s = tile.load @x[%c0, %c0] : !tile.tile<12x16>
  // expected-error @+1 {{expected to change a tile that its loop carries}}
  %t = tile.combine %y of %d[%c0] valid %c1 into %s : !tile.tile<3x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> into !tile.tile<12x16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
tile.buffer @routes[tokens, 4]
tile.buffer @x[tokens, 16]
// What a buffer holds must not change.
tile.phase @insert_with_a_buffer reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = tile.load @routes[%c0, %c0] : !tile.tile<12x4>
  %d, %n = tile.dispatch %r valid %c1 : !tile.tile<12x4> -> !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  %y = tile.load @x[%c0, %c0] : !tile.tile<3x16>
  %s = tile.load @x[%c0, %c0] : !tile.tile<12x16>
  // expected-error @+1 {{expected to change a tile that its loop carries}}
  %t = tile.insert %y into %s[%c0] : !tile.tile<3x16> into !tile.tile<12x16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x16, f32> at @f0, 0
tile.pack @pack of [@w] order p16
tile.buffer @routes[tokens, 2]
tile.buffer @x[tokens, 16]
tile.phase @exchange_what_is_inserted_into reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %r = tile.load @routes[%c0, %c0] : !tile.tile<4x2>
  %d, %n = tile.dispatch %r valid %c4 : !tile.tile<4x2> -> !tile.dispatch<tokens = 4, top = 1, experts = 5, step = 4>
  %v = tile.load @x[%c0, %c0] : !tile.tile<4x16>
  %a = tile.fill 1.0 : !tile.tile<4x16>
  %b = tile.fill 2.0 : !tile.tile<4x16>
  // expected-error @+1 {{expected a loop not to exchange its carried tiles}}
  %l:2 = scf.for %i = %c0 to %c4 step %c1 iter_args(%s = %a, %t = %b) -> (!tile.tile<4x16>, !tile.tile<4x16>) {
    %u = tile.insert %v into %s[%c0] : !tile.tile<4x16> into !tile.tile<4x16>
    %w = tile.insert %v into %t[%c0] : !tile.tile<4x16> into !tile.tile<4x16>
    scf.yield %w, %u : !tile.tile<4x16>, !tile.tile<4x16>
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x16, f32> at @f0, 0
tile.pack @pack of [@w] order p16
tile.buffer @routes[tokens, 2]
tile.buffer @x[tokens, 16]
tile.phase @carry_a_view reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %r = tile.load @routes[%c0, %c0] : !tile.tile<4x2>
  %d, %n = tile.dispatch %r valid %c4 : !tile.tile<4x2> -> !tile.dispatch<tokens = 4, top = 1, experts = 5, step = 4>
  %v = tile.load @x[%c0, %c0] : !tile.tile<4x16>
  %a = tile.fill 1.0 : !tile.tile<4x16>
  %b = tile.fill 2.0 : !tile.tile<4x16>
  // expected-error @+1 {{expected a loop not to exchange its carried tiles}}
  %l = scf.for %i = %c0 to %c4 step %c1 iter_args(%s = %a) -> (!tile.tile<4x16>) {
    %g = tile.gather %s of %d[%c0] : !tile.tile<4x16>, !tile.dispatch<tokens = 4, top = 1, experts = 5, step = 4> -> !tile.tile<4x16>
    scf.yield %g : !tile.tile<4x16>
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x16, f32> at @f0, 0
tile.pack @pack of [@w] order p16
tile.buffer @routes[tokens, 2]
tile.buffer @x[tokens, 16]
tile.phase @change_the_tile_of_another_loop reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %r = tile.load @routes[%c0, %c0] : !tile.tile<4x2>
  %d, %n = tile.dispatch %r valid %c4 : !tile.tile<4x2> -> !tile.dispatch<tokens = 4, top = 1, experts = 5, step = 4>
  %v = tile.load @x[%c0, %c0] : !tile.tile<4x16>
  %a = tile.fill 1.0 : !tile.tile<4x16>
  %b = tile.fill 2.0 : !tile.tile<4x16>
  %l = scf.for %i = %c0 to %c4 step %c1 iter_args(%s = %a) -> (!tile.tile<4x16>) {
    scf.for %j = %c0 to %c4 step %c1 {
      // expected-error @+1 {{expected to change a tile that its loop carries}}
      %u = tile.insert %v into %s[%c0] : !tile.tile<4x16> into !tile.tile<4x16>
    }
    scf.yield %b : !tile.tile<4x16>
  }
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x16, f32> at @f0, 0
tile.pack @pack of [@w] order p16
tile.buffer @routes[tokens, 2]
tile.buffer @x[tokens, 16]
tile.phase @add_to_gathered_rows reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %r = tile.load @routes[%c0, %c0] : !tile.tile<4x2>
  %d, %n = tile.dispatch %r valid %c4 : !tile.tile<4x2> -> !tile.dispatch<tokens = 4, top = 1, experts = 5, step = 4>
  %v = tile.load @x[%c0, %c0] : !tile.tile<4x16>
  %a = tile.fill 1.0 : !tile.tile<4x16>
  %b = tile.fill 2.0 : !tile.tile<4x16>
  %g = tile.gather %v of %d[%c0] : !tile.tile<4x16>, !tile.dispatch<tokens = 4, top = 1, experts = 5, step = 4> -> !tile.tile<4x16>
  %m = tile.weights @pack[%c0] : !tile.matrix<16x16, f32, p16>
  // expected-error @+1 {{expected an accumulator that is not gathered}}
  %q = tile.product %v, %m into %g : !tile.tile<4x16>, !tile.matrix<16x16, f32, p16> into !tile.tile<4x16> -> !tile.tile<4x16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
// expected-error @+1 {{expected blocks of 32, but got 64}}
tile.buffer @large_blocks[tokens, 64] int8 by 64
}
