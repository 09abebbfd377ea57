// RUN: %frit-opt --split-input-file --verify-diagnostics %s

// expected-error @+1 {{attribute 'columns' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
tile.buffer @x[tokens, 0]

// -----

// expected-error @+1 {{attribute 'columns' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 1073741824}}
tile.buffer @too_wide[tokens, 1073741825]

// -----

// expected-error @+1 {{attribute 'block' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
tile.buffer @block_of_nothing[tokens, 64] int8 by 0

// -----

// expected-error @+1 {{expected columns in whole blocks of 32, but got 48}}
tile.buffer @half_a_block[tokens, 48] int8 by 32

// -----

tile.buffer @x[tokens, 64]
kernel.reference @r(%x: !graph.qtensor<?x64, block = 32>) {
  kernel.yield
}
// expected-error @+1 {{expected @x to have the elements of '!graph.qtensor<?x64, block = 32>', but it has f32}}
tile.phase @f32_for_int8 reference @r bucket 1 inputs [@x] outputs [] {
}

// -----

tile.buffer @x[tokens, 64] int8 by 64
kernel.reference @r(%x: tensor<?x64xf32>) {
  kernel.yield
}
// expected-error @+1 {{expected @x to have the elements of 'tensor<?x64xf32>', but it has int8 in blocks of 64}}
tile.phase @int8_for_f32 reference @r bucket 1 inputs [@x] outputs [] {
}

// -----

tile.buffer @x[tokens, 32] int8 by 32
kernel.reference @r(%x: !graph.qtensor<?x64, block = 32>) {
  kernel.yield
}
// expected-error @+1 {{expected @x to have the columns of '!graph.qtensor<?x64, block = 32>', but it has 32}}
tile.phase @columns_of_int8 reference @r bucket 1 inputs [@x] outputs [] {
}

// -----

// expected-error @+2 {{expected ::frit::tile::Rows to be one of: tokens, wanted}}
// expected-error @+1 {{failed to parse Tile_RowsAttr parameter 'value' which is to be a `::frit::tile::Rows`}}
tile.buffer @x[heads, 8]

// -----

// expected-error @+1 {{expected at least one source}}
tile.pack @without_sources of [] order p16

// -----

// expected-error @+1 {{expected weights as sources, but got @w}}
tile.pack @source_of_nothing of [@w] order p16

// -----

// expected-error @+1 {{expected weights as sources, but got 3 : i64}}
tile.pack @source_is_a_number of [3] order p16

// -----

graph.file @f0 "f"
graph.weights @block [1] {
  graph.column @w : !graph.weight<8, f32> at [@f0], [0]
}
// expected-error @+1 {{expected weights as sources, but got @block::@v}}
tile.pack @source_of_other_column of [@block::@w, @block::@v] order p16

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<8, f32> at @f0, 0
// expected-error @+1 {{attribute 'group' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
tile.pack @group_of_nothing of [@w] by 0 order p16

// -----

tile.buffer @x[tokens, 8]
// expected-error @+1 {{expected weights as sources, but got @x}}
tile.pack @source_is_a_buffer of [@x] order p16

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
// expected-error @+1 {{expected order p16 or vector, but got columns}}
tile.pack @order_columns of [@w] order columns

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
// expected-error @+1 {{expected groups of a multiple of 16 rows in order p16, but got 8 in order p16}}
tile.pack @odd_group of [@w] by 8 order p16

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
// expected-error @+1 {{expected groups of a multiple of 16 rows in order p16, but got 16 in order vector}}
tile.pack @group_of_a_vector of [@w] by 16 order vector

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, q4_0> at @f0, 0
graph.weight @v : !graph.weight<32x32, q4_1> at @f0, 0
// expected-error @+1 {{expected sources of one format and number of columns, but got '!graph.weight<32x32, q4_0>' and '!graph.weight<32x32, q4_1>'}}
tile.pack @two_formats of [@w, @v] order p16

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @v : !graph.weight<32x64, f32> at @f0, 0
// expected-error @+1 {{expected sources of one format and number of columns, but got '!graph.weight<32x32, f32>' and '!graph.weight<32x64, f32>'}}
tile.pack @two_widths of [@w, @v] order p16

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weights @block [2] {
  graph.column @w : !graph.weight<32x32, f32> at [@f0], [0, 4096]
}
// expected-error @+1 {{expected weights, or columns of one table, but got @block::@w and @w}}
tile.pack @weight_and_column of [@block::@w, @w] order p16

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @v : !graph.weight<64x32, f32> at @f0, 0
// expected-error @+1 {{expected sources of as many rows, in whole groups of 32, but got '!graph.weight<32x32, f32>' and '!graph.weight<64x32, f32>'}}
tile.pack @two_heights of [@w, @v] by 32 order p16

// -----

// 40 rows are filled up to 48.
graph.file @f0 "f"
graph.weight @w : !graph.weight<40x32, f32> at @f0, 0
tile.pack @filled_up of [@w, @w] by 16 order p16
// expected-error @+1 {{expected sources of as many rows, in whole groups of 32, but got '!graph.weight<40x32, f32>' and '!graph.weight<40x32, f32>'}}
tile.pack @part_of_a_group of [@w, @w] by 32 order p16

// -----

// expected-error @+1 {{expected a kernel.reference, but found none called @r}}
tile.phase @reference_to_nothing reference @r bucket 1 {
}

// -----

kernel.reference @r() {
  kernel.yield
}
// expected-error @+1 {{expected a body without arguments, but got 1}}
tile.phase @arguments reference @r bucket 1 {
^bb0(%i: index):
}

// -----

kernel.reference @r() {
  kernel.yield
}
// expected-error @+1 {{attribute 'bucket' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
tile.phase @empty_bucket reference @r bucket 0 {
}

// -----

tile.buffer @x[tokens, 8]
kernel.reference @r(%x: tensor<?x8xf32>, %i: index) -> tensor<?x8xf32> {
  kernel.yield %x : tensor<?x8xf32>
}
// expected-error @+1 {{expected 1 inputs like the reference, but got 2}}
tile.phase @inputs_count reference @r bucket 1 inputs [@x, @x] outputs [@x] {
}

// -----

tile.buffer @x[tokens, 8]
kernel.reference @r(%x: tensor<?x8xf32>, %i: index) -> tensor<?x8xf32> {
  kernel.yield %x : tensor<?x8xf32>
}
// expected-error @+1 {{expected 1 outputs like the reference, but got 0}}
tile.phase @outputs_count reference @r bucket 1 inputs [@x] outputs [] {
}

// -----

kernel.reference @r(%x: tensor<?x8xf32>, %i: index) -> tensor<?x8xf32> {
  kernel.yield %x : tensor<?x8xf32>
}
// expected-error @+1 {{expected a tile.buffer, but found none called @x}}
tile.phase @input_of_nothing reference @r bucket 1 inputs [@x] {
}

// -----

kernel.reference @r(%x: tensor<?x8xf32>, %i: index) -> tensor<?x8xf32> {
  kernel.yield %x : tensor<?x8xf32>
}
// expected-error @+1 {{expected a tile.buffer, but found none called @r}}
tile.phase @output_to_reference reference @r bucket 1 outputs [@r] {
}

// -----

tile.buffer @x[tokens, 9]
kernel.reference @r(%x: tensor<?x8xf32>, %i: index) -> tensor<?x8xf32> {
  kernel.yield %x : tensor<?x8xf32>
}
// expected-error @+1 {{expected @x to have the columns of 'tensor<?x8xf32>', but it has 9}}
tile.phase @input_columns reference @r bucket 1 inputs [@x] {
}

// -----

tile.buffer @x[tokens, 9]
kernel.reference @r(%x: tensor<9xf32>) {
  kernel.yield
}
// expected-error @+1 {{expected @x to have the columns of 'tensor<9xf32>', but it has 9}}
tile.phase @input_rank reference @r bucket 1 inputs [@x] {
}

// -----

// expected-error @+1 {{expected a tile.buffer, but found none called @logits}}
tile.program @logits_in_nothing max_tokens 1 logits @logits {
}

// -----

tile.buffer @logits[wanted, 8]
// expected-error @+1 {{attribute 'max_tokens' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
tile.program @no_tokens max_tokens 0 logits @logits {
}

// -----

tile.buffer @logits[wanted, 8]
// expected-error @+1 {{attribute 'token_multiple' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
tile.program @no_multiple max_tokens 1 multiple 0 logits @logits {
}

// -----

tile.buffer @logits[wanted, 8]
tile.program @run_of_buffer max_tokens 1 logits @logits {
  // expected-error @+1 {{expected a tile.phase, but found none called @logits}}
  tile.run @logits
}

// -----

graph.func @run_in_function() {
  // expected-error @+1 {{expects parent op to be one of 'tile.program, tile.repeat'}}
  tile.run @p
  graph.return
}

// -----

tile.buffer @logits[wanted, 8]
tile.program @no_layers max_tokens 1 logits @logits {
  // expected-error @+1 {{attribute 'count' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  tile.repeat 0 layer 0 row 0 {
  }
}

// -----

tile.buffer @logits[wanted, 8]
tile.program @negative_layer max_tokens 1 logits @logits {
  // expected-error @+1 {{attribute 'layer' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  tile.repeat 1 layer -1 row 0 {
  }
}

// -----

tile.buffer @logits[wanted, 8]
tile.program @negative_row max_tokens 1 logits @logits {
  // expected-error @+1 {{attribute 'row' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  tile.repeat 1 layer 0 row -1 {
  }
}

// -----

tile.buffer @logits[wanted, 8]
tile.program @layers_behind_all max_tokens 1 logits @logits {
  // expected-error @+1 {{attribute 'layer' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative whose maximum value is 1048576}}
  tile.repeat 1 layer 1000000000000 row 0 {
  }
}

// -----

tile.buffer @logits[wanted, 8]
tile.program @too_many_layers max_tokens 1 logits @logits {
  // expected-error @+1 {{attribute 'count' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 1048576}}
  tile.repeat 1048577 layer 0 row 0 {
  }
}

// -----

tile.buffer @logits[wanted, 8]
tile.program @row_behind_all max_tokens 1 logits @logits {
  // expected-error @+1 {{attribute 'row' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative whose maximum value is 1048576}}
  tile.repeat 1 layer 0 row 1048577 {
  }
}

// -----

tile.buffer @logits[wanted, 8]
// expected-error @+1 {{expected only tile.run and tile.repeat, but got tile.count}}
tile.program @other_step max_tokens 1 logits @logits {
  %n = tile.count tokens
}

// -----

tile.buffer @logits[wanted, 8]
tile.program @other_step_in_a_repeat max_tokens 1 logits @logits {
  // expected-error @+1 {{expected only tile.run, but got tile.count}}
  tile.repeat 1 layer 0 row 0 {
    %n = tile.count tokens
  }
}

// -----

// Rows 1 and 2 of a table of two.
graph.file @f0 "f"
graph.weights @block [2] {
  graph.column @w : !graph.weight<32x32, f32> at [@f0], [0, 4096]
  graph.column @n : !graph.weight<32, f32> at [@f0], [0, 4096]
}
tile.pack @w of [@block::@w] order p16
tile.pack @n of [@block::@n] order vector
tile.buffer @logits[wanted, 8]
kernel.reference @r() {
  kernel.yield
}
tile.phase @weights reference @r bucket 1 {
  %i = tile.count tokens
  scf.for %j = %i to %i step %i {
    %w = tile.weights @w[%j] : !tile.matrix<16x32, f32, p16>
  }
}
tile.program @rows_behind_the_table max_tokens 1 logits @logits {
  tile.repeat 1 layer 0 row 1 {
    tile.run @weights
  }
  // expected-error @+1 {{expected 3 rows of @block, but it has 2}}
  tile.repeat 2 layer 0 row 1 {
    tile.run @weights
  }
}

// -----

graph.file @f0 "f"
graph.weights @block [2] {
  graph.column @n : !graph.weight<32, f32> at [@f0], [0, 4096]
}
tile.pack @n of [@block::@n] order vector
tile.buffer @logits[wanted, 8]
kernel.reference @r() {
  kernel.yield
}
tile.phase @vector reference @r bucket 1 {
  %i = tile.count tokens
  %n = tile.vector @n[%i] : !tile.tile<1x32>
}
tile.program @rows_of_a_vector max_tokens 1 logits @logits {
  // expected-error @+1 {{expected 78 rows of @block, but it has 2}}
  tile.repeat 1 layer 0 row 77 {
    tile.run @vector
  }
}

// -----

graph.file @f0 "f"
graph.weights @block [2] {
  graph.column @e : !graph.weight<32x32, f32> at [@f0], [0, 4096]
}
tile.pack @e of [@block::@e] order p16
tile.buffer @logits[wanted, 8]
kernel.reference @r() {
  kernel.yield
}
tile.phase @embed reference @r bucket 1 {
  %i = tile.count tokens
  %n = tile.embed @e[%i] : !tile.tile<1x32>
}
tile.program @rows_of_an_embedding max_tokens 1 logits @logits {
  // expected-error @+1 {{expected 3 rows of @block, but it has 2}}
  tile.repeat 3 layer 0 row 0 {
    tile.run @embed
  }
}
