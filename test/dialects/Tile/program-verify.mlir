// RUN: %frit-opt --split-input-file --verify-diagnostics %s

// expected-error @+1 {{attribute 'columns' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
tile.buffer @x[tokens, 0]

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
