// RUN: %frit-opt --split-input-file --verify-diagnostics %s

graph.func @load_of_nothing(%i: index) {
  // expected-error @+1 {{expected a tile.buffer, but found none called @x}}
  %x = tile.load @x[%i, %i] : !tile.tile<1x8>
  graph.return
}

// -----

graph.file @f0 "f"
graph.func @load_of_file(%i: index) {
  // expected-error @+1 {{expected a tile.buffer, but found none called @f0}}
  %x = tile.load @f0[%i, %i] : !tile.tile<1x8>
  graph.return
}

// -----

graph.func @store_to_nothing(%x: !tile.tile<1x8>, %i: index) {
  // expected-error @+1 {{expected a tile.buffer, but found none called @x}}
  tile.store %x, @x[%i, %i] : !tile.tile<1x8>
  graph.return
}

// -----

tile.buffer @x[tokens, 8]
graph.func @load_of_too_many_columns(%i: index) {
  // expected-error @+1 {{expected a tile of at most 16 columns of @x, but got '!tile.tile<1x17>'}}
  %x = tile.load @x[%i, %i] : !tile.tile<1x17>
  graph.return
}

// -----

tile.buffer @x[tokens, 8]
graph.func @store_of_too_many_columns(%x: !tile.tile<2x32>, %i: index) {
  // expected-error @+1 {{expected a tile of at most 16 columns of @x, but got '!tile.tile<2x32>'}}
  tile.store %x, @x[%i, %i] : !tile.tile<2x32>
  graph.return
}

// -----

tile.buffer @x[tokens, 64]
graph.func @load_of_int8(%i: index) {
  // expected-error @+1 {{expected a tile of f32 like @x, but got '!tile.qtile<1x64, block = 32>'}}
  %x = tile.load @x[%i, %i] : !tile.qtile<1x64, block = 32>
  graph.return
}

// -----

tile.buffer @x[tokens, 64] int8 by 64
graph.func @load_of_another_block(%i: index) {
  // expected-error @+1 {{expected a tile of int8 in blocks of 64 like @x, but got '!tile.qtile<1x64, block = 32>'}}
  %x = tile.load @x[%i, %i] : !tile.qtile<1x64, block = 32>
  graph.return
}

// -----

tile.buffer @x[tokens, 64] int8 by 32
graph.func @store_of_f32(%x: !tile.tile<2x32>, %i: index) {
  // expected-error @+1 {{expected a tile of int8 in blocks of 32 like @x, but got '!tile.tile<2x32>'}}
  tile.store %x, @x[%i, %i] : !tile.tile<2x32>
  graph.return
}

// -----

tile.buffer @x[tokens, 64] int8 by 32
graph.func @store_of_too_many_blocks(%x: !tile.qtile<2x96, block = 32>, %i: index) {
  // expected-error @+1 {{expected a tile of at most 64 columns of @x, but got '!tile.qtile<2x96, block = 32>'}}
  tile.store %x, @x[%i, %i] : !tile.qtile<2x96, block = 32>
  graph.return
}

// -----

tile.buffer @x[tokens, 8]
graph.func @vector_of_buffer(%i: index) {
  // expected-error @+1 {{expected a tile.pack, but found none called @x}}
  %x = tile.vector @x[%i] : !tile.tile<1x8>
  graph.return
}

// -----

graph.func @embed_of_nothing(%i: index) {
  // expected-error @+1 {{expected a tile.pack, but found none called @x}}
  %x = tile.embed @x[%i] : !tile.tile<1x8>
  graph.return
}

// -----

graph.func @weights_of_nothing(%i: index) {
  // expected-error @+1 {{expected a tile.pack, but found none called @x}}
  %x = tile.weights @x[%i] : !tile.matrix<16x8, f32, p16>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
tile.pack @p of [@w] order p16
graph.func @vector_of_a_matrix(%i: index) {
  // expected-error @+1 {{expected a pack in order vector, but @p has order p16}}
  %x = tile.vector @p[%i] : !tile.tile<1x32>
  graph.return
}

// -----

// Filled up to 48.
graph.file @f0 "f"
graph.weight @w : !graph.weight<40, f32> at @f0, 0
tile.pack @p of [@w] order vector
graph.func @vector_columns(%i: index) {
  %x = tile.vector @p[%i] : !tile.tile<1x48>
  // expected-error @+1 {{expected one row of at most 48 columns of @p, but got '!tile.tile<1x49>'}}
  %y = tile.vector @p[%i] : !tile.tile<1x49>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<32, f32> at @f0, 0
tile.pack @p of [@w] order vector
graph.func @vector_rows(%i: index) {
  // expected-error @+1 {{expected one row of at most 32 columns of @p, but got '!tile.tile<2x16>'}}
  %x = tile.vector @p[%i] : !tile.tile<2x16>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
tile.pack @p of [@w] order vector
graph.func @embed_of_a_vector(%i: index) {
  // expected-error @+1 {{expected a pack in order p16, but @p has order vector}}
  %x = tile.embed @p[%i] : !tile.tile<1x32>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
tile.pack @p of [@w, @w] order p16
graph.func @embed_of_two_tables(%i: index) {
  // expected-error @+1 {{expected a pack of one table, but @p has 2 sources}}
  %x = tile.embed @p[%i] : !tile.tile<1x32>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<16x64, q8_0> at @f0, 0
tile.pack @p of [@w] order p16
graph.func @embed_columns(%i: index) {
  // expected-error @+1 {{expected rows of '!graph.weight<16x64, q8_0>', but got '!tile.tile<1x32>'}}
  %x = tile.embed @p[%i] : !tile.tile<1x32>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<16x64, q8_0> at @f0, 0
tile.pack @p of [@w] order vector
graph.func @weights_of_a_vector(%i: index) {
  // expected-error @+1 {{expected a pack in order p16, but @p has order vector}}
  %w = tile.weights @p[%i] : !tile.matrix<16x64, q8_0, p16>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<16x64, q8_0> at @f0, 0
tile.pack @p of [@w] order p16
graph.func @matrix_columns(%i: index) {
  // expected-error @+1 {{expected a p16 matrix of rows of '!graph.weight<16x64, q8_0>', but got '!tile.matrix<16x32, q8_0, p16>'}}
  %w = tile.weights @p[%i] : !tile.matrix<16x32, q8_0, p16>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<16x64, q8_0> at @f0, 0
tile.pack @p of [@w] order p16
graph.func @matrix_format(%i: index) {
  // expected-error @+1 {{expected a p16 matrix of rows of '!graph.weight<16x64, q8_0>', but got '!tile.matrix<16x64, q4_0, p16>'}}
  %w = tile.weights @p[%i] : !tile.matrix<16x64, q4_0, p16>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<16x64, f32> at @f0, 0
tile.pack @p of [@w] order p16
graph.func @matrix_order(%i: index) {
  // expected-error @+1 {{expected a p16 matrix of rows of '!graph.weight<16x64, f32>', but got '!tile.matrix<16x64, f32, columns>'}}
  %w = tile.weights @p[%i] : !tile.matrix<16x64, f32, columns>
  graph.return
}

// -----

// Two sources of 40 rows, filled up.
graph.file @f0 "f"
graph.weight @w : !graph.weight<40x64, f32> at @f0, 0
tile.pack @p of [@w, @w] order p16
graph.func @matrix_rows(%i: index) {
  %w = tile.weights @p[%i] : !tile.matrix<96x64, f32, p16>
  // expected-error @+1 {{expected at most 96 rows of @p, but got '!tile.matrix<112x64, f32, p16>'}}
  %v = tile.weights @p[%i] : !tile.matrix<112x64, f32, p16>
  graph.return
}

// -----

// Symbols of a table are looked up before those of the module: the pack is refused here, too.
graph.file @f0 "f"
graph.weights @block [1] {
  %i = arith.constant 0 : index
  %w = tile.weights @p[%i] : !tile.matrix<16x64, f32, p16>
}
// expected-error @+1 {{expected weights as sources, but got @f0}}
tile.pack @p of [@f0] order p16

// -----

graph.func @cache_outside(%i: index) {
  // expected-error @+1 {{expected a phase with a cache}}
  %k = tile.cache keys[%i, %i] of %i : !tile.matrix<64x64, f16, p16>
  graph.return
}

// -----

kernel.reference @r() {
  kernel.yield
}
tile.phase @phase_without_cache reference @r bucket 1 {
  %i = tile.count tokens
  // expected-error @+1 {{expected a phase with a cache}}
  %k = tile.cache keys[%i, %i] of %i : !tile.matrix<64x64, f16, p16>
}

// -----

kernel.reference @r() {
  kernel.yield
}
tile.phase @keys_order reference @r bucket 1 cache !kv.cache<1x64, k = <f16>, v = <f16>> {
  %i = tile.count tokens
  // expected-error @+1 {{expected order p16 of keys, but got columns}}
  %k = tile.cache keys[%i, %i] of %i : !tile.matrix<64x64, f16, columns>
}

// -----

kernel.reference @r() {
  kernel.yield
}
tile.phase @values_order reference @r bucket 1 cache !kv.cache<1x64, k = <f16>, v = <f16>> {
  %i = tile.count tokens
  // expected-error @+1 {{expected order columns of values, but got p16}}
  %v = tile.cache values[%i, %i] of %i : !tile.matrix<64x64, f16, p16>
}

// -----

graph.func @append_outside(%x: !tile.tile<1x64>, %i: index) {
  // expected-error @+1 {{expected a phase with a cache}}
  tile.append keys %x[%i] of %i : !tile.tile<1x64>
  graph.return
}

// -----

kernel.reference @r() {
  kernel.yield
}
tile.phase @append_without_cache reference @r bucket 1 {
  %i = tile.count tokens
  %x = tile.fill 0.0 : !tile.tile<1x64>
  // expected-error @+1 {{expected a phase with a cache}}
  tile.append values %x[%i] of %i : !tile.tile<1x64>
}

// -----

graph.func @key_range_of_no_token(%i: index) {
  // expected-error @+1 {{attribute 'count' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 4096}}
  %lo, %hi = tile.key_range %i, 0 block 64
  graph.return
}

// -----

graph.func @key_range_of_many_tokens(%i: index) {
  // expected-error @+1 {{attribute 'count' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 4096}}
  %lo, %hi = tile.key_range %i, 4097 block 64
  graph.return
}

// -----

graph.func @key_range_empty_block(%i: index) {
  // expected-error @+1 {{attribute 'block' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 4096}}
  %lo, %hi = tile.key_range %i, 1 block 0
  graph.return
}

// -----

graph.func @key_range_empty_window(%i: index) {
  // expected-error @+1 {{attribute 'window' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 2147483647}}
  %lo, %hi = tile.key_range %i, 1 block 64 window 0
  graph.return
}
