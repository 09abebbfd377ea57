// RUN: %frit-opt --allow-unregistered-dialect --split-input-file --verify-diagnostics %s

// expected-error @+1 {{expected a path, but got an empty one}}
graph.file @f0 ""

// -----

// expected-error @+1 {{expected a graph.file, but found none called @f0}}
graph.weight @w : !graph.weight<8, f32> at @f0, 0

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected an offset of 0 or more, but got -4}}
graph.weight @w : !graph.weight<8, f32> at @f0, -4

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected rows in whole groups of 4 for unpair, but got '!graph.weight<6x8, f32>'}}
graph.weight @w : !graph.weight<6x8, f32> at @f0, 0 rows <4>

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected rows in whole groups of 4 for unpair, but got '!graph.weight<6, f32>'}}
graph.weight @w : !graph.weight<6, f32> at @f0, 0 rows <4>

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected a positive even group, but got 3}}
graph.weight @w : !graph.weight<6x8, f32> at @f0, 0 rows <3>

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected a positive even group, but got 0}}
graph.weight @w : !graph.weight<6x8, f32> at @f0, 0 rows <0>

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected an even number of paired rows up to 6, but got 3}}
graph.weight @w : !graph.weight<6x8, f32> at @f0, 0 rows <6, 3>

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected an even number of paired rows up to 6, but got 8}}
graph.weight @w : !graph.weight<6x8, f32> at @f0, 0 rows <6, 8>

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected whole runs of 4 rows, but got '!graph.weight<6x8, f32>'}}
graph.weight @w : !graph.weight<6x8, f32> at @f0, 0 runs <4, 8>

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected runs of 1 or more rows and a stride of no fewer, but got 3 and 2}}
graph.weight @w : !graph.weight<6x8, f32> at @f0, 0 runs <3, 2>

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected runs of 1 or more rows and a stride of no fewer, but got 0 and 2}}
graph.weight @w : !graph.weight<6x8, f32> at @f0, 0 runs <0, 2>

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected a format without blocks for runs of elements, but got '!graph.weight<64, q8_0>'}}
graph.weight @w : !graph.weight<64, q8_0> at @f0, 0 runs <32, 64>

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected no runs for a weight of several matrices, but got '!graph.weight<4x6x8, f32>'}}
graph.weight @w : !graph.weight<4x6x8, f32> at @f0, 0 runs <2, 4>

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected runs that a file can hold, but got #graph.runs<1, 1000000000000000000>}}
graph.weight @w : !graph.weight<6x8, f32> at @f0, 0 runs <1, 1000000000000000000>

// -----

graph.file @f0 "f"
graph.weights @block [2] {
  // expected-error @+1 {{expected whole runs of 4 rows, but got '!graph.weight<6x8, f32>'}}
  graph.column @w : !graph.weight<6x8, f32> at [@f0], [0, 4] runs <4, 8>
}

// -----

graph.file @f0 "f"
graph.weights @block [2] {
  // expected-error @+1 {{expected 2 offsets, one a row, but got 1}}
  graph.column @w : !graph.weight<8, f32> at [@f0], [0]
}

// -----

graph.file @f0 "f"
graph.weights @block [2] {
  // expected-error @+1 {{expected one file or 2, one an offset, but got 3}}
  graph.column @w : !graph.weight<8, f32> at [@f0, @f0, @f0], [0, 4]
}

// -----

graph.file @f0 "f"
graph.weights @block [2] {
  // expected-error @+1 {{expected offsets of 0 or more, but got -8}}
  graph.column @w : !graph.weight<8, f32> at [@f0], [0, -8]
}

// -----

graph.file @f0 "f"
graph.weights @block [2] {
  // expected-error @+1 {{expected rows in whole groups of 4 for unpair, but got '!graph.weight<6x8, f32>'}}
  graph.column @w : !graph.weight<6x8, f32> at [@f0], [0, 4] rows <4>
}

// -----

graph.file @f0 "f"
graph.weights @block [2] {
  // expected-error @+1 {{expected a graph.file, but found none called @f1}}
  graph.column @w : !graph.weight<8, f32> at [@f0, @f1], [0, 4]
}

// -----

graph.func @param_of_nothing() {
  // expected-error @+1 {{expected a graph.weight or graph.column, but found none called @w}}
  %w = graph.param @w : !graph.weight<8, f32>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<8, f32> at @f0, 0
graph.func @param_type() {
  // expected-error @+1 {{expected type '!graph.weight<8, f32>' of @w, but got '!graph.weight<8, f16>'}}
  %w = graph.param @w : !graph.weight<8, f16>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<8, f32> at @f0, 0
graph.func @param_with_row(%i: index) {
  // expected-error @+1 {{expected no row for @w}}
  %w = graph.param @w[%i] : !graph.weight<8, f32>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weights @block [1] {
  graph.column @w : !graph.weight<8, f32> at [@f0], [0]
}
graph.func @param_without_row() {
  // expected-error @+1 {{expected a row for @block::@w}}
  %w = graph.param @block::@w : !graph.weight<8, f32>
  graph.return
}

// -----

// expected-error @+1 {{expected arguments (tensor, !graph.tokens, !kv.cache, index), but got '(tensor<?x8xf32>) -> tensor<?x8xf32>'}}
graph.layer @decoder(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  graph.return %x : tensor<?x8xf32>
}

// -----

// expected-error @+1 {{expected one result of type 'tensor<?x8xf32>', but got}}
graph.layer @decoder(%x: tensor<?x8xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x8>, %i: index) {
  graph.return
}

// -----

graph.func @returns(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expected operands of types ('tensor<?x8xf32>') to match the function, but got ()}}
  graph.return
}

// -----

graph.layer @decoder(%x: tensor<?x8xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x8>, %i: index) -> tensor<?x8xf32> {
  graph.return %x : tensor<?x8xf32>
}
graph.func @repeat_count(%x: tensor<?x8xf32>, %tok: !graph.tokens, %kv: !kv.caches<3>) {
  // expected-error @+1 {{expected as many layers as caches, but got 2 layers and 3 caches}}
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 2>] : tensor<?x8xf32>, !kv.caches<3>
  graph.return
}

// -----

graph.func @repeat_of_nothing(%x: tensor<?x8xf32>, %tok: !graph.tokens, %kv: !kv.caches<2>) {
  // expected-error @+1 {{expected a graph.layer, but found none called @decoder}}
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 2>] : tensor<?x8xf32>, !kv.caches<2>
  graph.return
}

// -----

graph.layer @decoder(%x: tensor<?x8xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x8>, %i: index) -> tensor<?x8xf32> {
  graph.return %x : tensor<?x8xf32>
}
graph.func @repeat_type(%x: tensor<?x9xf32>, %tok: !graph.tokens, %kv: !kv.caches<2>) {
  // expected-error @+1 {{expected @decoder to take 'tensor<?x9xf32>', but it takes 'tensor<?x8xf32>'}}
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 2>] : tensor<?x9xf32>, !kv.caches<2>
  graph.return
}

// -----

// expected-error @+1 {{expected a first row from 0 and a count from 1 to 1048576, but got 0 and 0}}
module attributes {a = #graph.segment<@decoder, 0, 0>} {}

// -----

// expected-error @+1 {{expected a first row from 0 and a count from 1 to 1048576, but got -1 and 1}}
module attributes {a = #graph.segment<@decoder, -1, 1>} {}

// -----

graph.func @batch_positions() {
  // expected-error @+1 {{expected 2 positions, one a token, but got 1}}
  %tok = graph.batch ids [1, 2] at [0]
  graph.return
}

// -----

graph.func @batch_slots() {
  // expected-error @+1 {{expected 1 slots, one a token, but got 2}}
  %tok = graph.batch ids [1] at [0] slots [0, 0]
  graph.return
}

// -----

graph.func @batch_wanted() {
  // expected-error @+1 {{expected 1 wanted flags, one a token, but got 0}}
  %tok = graph.batch ids [1] at [0] wanted []
  graph.return
}

// -----

graph.func @batch_negative_position() {
  // expected-error @+1 {{expected positions of 0 or more, but got -1}}
  %tok = graph.batch ids [1] at [-1]
  graph.return
}

// -----

graph.func @batch_negative_slot() {
  // expected-error @+1 {{expected slots of 0 or more, but got -2}}
  %tok = graph.batch ids [1] at [0] slots [-2]
  graph.return
}

// -----

// expected-error @+1 {{region #0 ('body') failed to verify constraint: region with 1 blocks}}
graph.func private @function_without_body(!graph.tokens)

// -----

// expected-error @+1 {{region #0 ('body') failed to verify constraint: region with 1 blocks}}
graph.layer private @layer_without_body(tensor<?x8xf32>, !graph.tokens, !kv.cache<1x8>, index) -> tensor<?x8xf32>

// -----

// expected-error @+1 {{expects region #0 to have 0 or 1 blocks}}
graph.func @function_of_two_blocks() {
  cf.br ^bb1
^bb1:
  graph.return
}

// -----

// expected-error @+1 {{expects region #0 to have 0 or 1 blocks}}
graph.layer @layer_of_two_blocks(%x: tensor<?x8xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x8>, %i: index) -> tensor<?x8xf32> {
  cf.br ^bb1
^bb1:
  graph.return %x : tensor<?x8xf32>
}

// -----

// expected-error @+2 {{expects regions to end with 'graph.return', found 'ub.unreachable'}}
// expected-note @+1 {{the absence of terminator implies 'graph.return'}}
graph.func @other_end_of_a_function() {
  ub.unreachable
}

// -----

// expected-error @+2 {{expects regions to end with 'graph.return', found 'ub.unreachable'}}
// expected-note @+1 {{the absence of terminator implies 'graph.return'}}
graph.layer @other_end_of_a_layer(%x: tensor<?x8xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x8>, %i: index) -> tensor<?x8xf32> {
  ub.unreachable
}

// -----

// expected-error @+1 {{expected activations [tokens, features] with a known number of features, but got 'tensor<8xf32>'}}
graph.layer @vector_stream(%x: tensor<8xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x8>, %i: index) -> tensor<8xf32> {
  graph.return %x : tensor<8xf32>
}

// -----

// expected-error @+1 {{expected activations [tokens, features] with a known number of features, but got 'tensor<?x?xf32>'}}
graph.layer @unknown_features(%x: tensor<?x?xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x8>, %i: index) -> tensor<?x?xf32> {
  graph.return %x : tensor<?x?xf32>
}

// -----

graph.file @f0 "f"
graph.weights @block [2] {
  graph.column @n : !graph.weight<8, f32> at [@f0], [0, 32]
}
graph.layer @decoder(%x: tensor<?x8xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x8>, %i: index) -> tensor<?x8xf32> {
  %n = graph.param @block::@n[%i] : !graph.weight<8, f32>
  %y = graph.norm %x, %n {eps = 1.0e-5} : tensor<?x8xf32>, !graph.weight<8, f32>
  graph.return %y : tensor<?x8xf32>
}
graph.func @rows(%x: tensor<?x8xf32>, %tok: !graph.tokens, %one: !kv.caches<1>, %two: !kv.caches<2>) {
  %y = graph.repeat %x, %tok, %one [#graph.segment<@decoder, 1, 1>] : tensor<?x8xf32>, !kv.caches<1>
  // expected-error @+1 {{expected 3 rows of @block, but it has 2}}
  %z = graph.repeat %y, %tok, %two [#graph.segment<@decoder, 1, 2>] : tensor<?x8xf32>, !kv.caches<2>
  graph.return
}

// -----

graph.layer @decoder(%x: tensor<?x8xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x8>, %i: index) -> tensor<?x8xf32> {
  %kvs = "unknown.caches"() : () -> !kv.caches<1>
  // expected-error @+1 {{expects parent op 'graph.func'}}
  %y = graph.repeat %x, %tok, %kvs [#graph.segment<@decoder, 0, 1>] : tensor<?x8xf32>, !kv.caches<1>
  graph.return %y : tensor<?x8xf32>
}

// -----

graph.file @f0 "f"
graph.weights @block [2] {
  // expected-error @+1 {{expected 2 offsets, one a row, or one a row and expert, but got 4}}
  graph.column @w : !graph.weight<3x2x8, f32> at [@f0], [0, 4, 8, 12]
}

// -----

graph.file @f0 "f"
graph.weights @block [2] {
  // expected-error @+1 {{expected one file or 6, one an offset, but got 2}}
  graph.column @w : !graph.weight<3x2x8, f32> at [@f0, @f0], [0, 4, 8, 12, 16, 20]
}

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected a matrix of floats to multiply the columns of, but got '!graph.weight<4x32, q8_0>'}}
graph.weight @w : !graph.weight<4x32, q8_0> at @f0, 0 times <@g>
graph.weight @g : !graph.weight<32, f32> at @f0, 0

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected a matrix of floats to multiply the columns of, but got '!graph.weight<32, f32>'}}
graph.weight @w : !graph.weight<32, f32> at @f0, 0 times <@g>
graph.weight @g : !graph.weight<32, f32> at @f0, 0

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected a graph.weight or graph.column, but found none called @f0}}
graph.weight @w : !graph.weight<4x32, f32> at @f0, 0 times <@f0>

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected a vector of 32 elements to multiply columns with, but got '!graph.weight<8, f32>'}}
graph.weight @w : !graph.weight<4x32, f32> at @f0, 0 times <@g>
graph.weight @g : !graph.weight<8, f32> at @f0, 0

// -----

graph.file @f0 "f"
// expected-error @+1 {{expected a vector of 32 elements to multiply columns with, but got '!graph.weight<4x32, f32>'}}
graph.weight @w : !graph.weight<4x32, f32> at @f0, 0 times <@w>

// -----

// The rows of a table say nothing about those of another, or about a weight of the model.
graph.file @f0 "f"
graph.weights @block [1] {
  graph.column @g : !graph.weight<8, f32> at [@f0], [0]
}
graph.weights @other [2] {
  // expected-error @+1 {{expected a vector of the same table, but got @block::@g}}
  graph.column @w : !graph.weight<8x8, f32> at [@f0], [0, 0] times <@block::@g>
}

// -----

graph.file @f0 "f"
graph.weights @block [1] {
  graph.column @g : !graph.weight<8, f32> at [@f0], [0]
}
// expected-error @+1 {{expected a vector of the same table, but got @block::@g}}
graph.weight @w : !graph.weight<8x8, f32> at @f0, 0 times <@block::@g>
