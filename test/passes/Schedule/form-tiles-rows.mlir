// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases,frit-form-tiles,canonicalize,cse)" | FileCheck %s
// A norm that is computed once is shared by steps of tokens, or of wanted rows.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "model.gguf"
graph.weight @table : !graph.weight<64x32, f32> at @f0, 0
graph.weight @square : !graph.weight<32x32, f32> at @f0, 0
graph.weight @norm : !graph.weight<32, f32> at @f0, 0
graph.weight @keys : !graph.weight<64x32, f32> at @f0, 0
graph.weight @values : !graph.weight<16x32, f32> at @f0, 0
graph.weight @out : !graph.weight<32x16, f32> at @f0, 0
graph.weight @key_norm : !graph.weight<64, f32> at @f0, 0

// CHECK-LABEL: tile.phase @layer.norm.m6
// CHECK-SAME:    inputs [@buffer.residual] outputs [@buffer.layer.norm]
// CHECK:         %[[N:.*]] = tile.count tokens
// CHECK-NEXT:    %[[STEPS:.*]] = arith.ceildivui %[[N]], %c6 : index
// CHECK-NEXT:    %[[LO:.*]], %[[HI:.*]], %[[STEP:.*]] = tile.shares %[[STEPS]]{{$}}
// CHECK-NEXT:    scf.for %[[S:.*]] = %[[LO]] to %[[HI]] step %[[STEP]] {
// CHECK-NEXT:      %[[T:.*]] = arith.muli %[[S]], %c6 : index
// CHECK-NEXT:      %[[REST:.*]] = arith.subi %[[N]], %[[T]] : index
// CHECK-NEXT:      %[[VALID:.*]] = arith.minui %[[REST]], %c6 : index
// CHECK-NEXT:      tile.load @buffer.residual[%[[T]], %c0] valid %[[VALID]] : !tile.tile<6x32>
// CHECK:           tile.store %{{.*}}, @buffer.layer.norm[%[[T]], %c0] : !tile.tile<6x32>
graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @square : !graph.weight<32x32, f32>
  %n = graph.param @norm : !graph.weight<32, f32>
  %y = graph.norm %x, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %z = graph.linear %y, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %r = graph.residual %y, %z : tensor<?x32xf32>
  graph.return %r : tensor<?x32xf32>
}

// A norm of the whole row of keys is a phase of its own, in whose steps the values of another phase go to the
// cache, too.
// CHECK-LABEL: tile.phase @row_norm_of_keys.norm.m6
// CHECK-SAME:    inputs [@buffer.{{[^ ,]*}}, @buffer.{{[^ ,]*}}] outputs []
// CHECK:           %[[T:.*]] = arith.muli %{{.*}}, %c6 : index
// CHECK:           %[[K:.*]] = tile.rotate
// CHECK-NEXT:      tile.append keys %[[K]][%c0] of %[[T]] : !tile.tile<6x64>
// CHECK-NEXT:      %[[V:.*]] = tile.load @buffer.{{[^ ]*}}[%[[T]], %c0] : !tile.tile<6x16>
// CHECK-NEXT:      tile.append values %[[V]][%c0] of %[[T]] : !tile.tile<6x16>
graph.layer @row_norm_of_keys(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x32, value_dim = 8, k = <f16>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %wk = graph.param @keys : !graph.weight<64x32, f32>
  %wv = graph.param @values : !graph.weight<16x32, f32>
  %w = graph.param @out : !graph.weight<32x16, f32>
  %n = graph.param @key_norm : !graph.weight<64, f32>
  %k = graph.linear %x, %wk : tensor<?x32xf32>, !graph.weight<64x32, f32>
  %v = graph.linear %x, %wv : tensor<?x32xf32>, !graph.weight<16x32, f32>
  %m = graph.norm %k, %n {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  %r = graph.rope %m, %tok halves {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  kv.append %kv, %r, %v, %tok : !kv.cache<2x32, value_dim = 8, k = <f16>, v = <f16>>, tensor<?x64xf32>, tensor<?x16xf32>, !graph.tokens
  %h = graph.linear %v, %w : tensor<?x16xf32>, !graph.weight<32x16, f32>
  %y = graph.residual %x, %h : tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}

// The buffer of the embedding is free again, but it has rows for tokens.
// CHECK-LABEL: tile.phase @forward.norm.m6
// CHECK-SAME:    inputs [@buffer.forward.square] outputs [@buffer.forward.norm]
// CHECK:         %[[N:.*]] = tile.count wanted
// CHECK:           %[[T:.*]] = arith.muli %{{.*}}, %c6 : index
// CHECK:           tile.load @buffer.forward.square[%[[T]], %c0] valid %{{.*}} wanted : !tile.tile<6x32>
// CHECK:           tile.store %{{.*}}, @buffer.forward.norm[%[[T]], %c0] : !tile.tile<6x32>
// CHECK:       tile.buffer @buffer.forward.norm[wanted, 32]
// CHECK:       tile.program @decode max_tokens 1 logits @buffer.forward.norm
graph.func @forward(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %t = graph.param @table : !graph.weight<64x32, f32>
  %n = graph.param @norm : !graph.weight<32, f32>
  %w = graph.param @square : !graph.weight<32x32, f32>
  %x = graph.embed %tok, %t : !graph.weight<64x32, f32>
  %z = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %s = graph.select %z, %tok : tensor<?x32xf32>
  %y = graph.norm %s, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  graph.return %y : tensor<?x32xf32>
}
}
