// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases,frit-form-tiles,canonicalize,cse)" | FileCheck %s
// A norm that is computed once is shared by steps of tokens, or of wanted rows.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "model.gguf"
graph.weight @table : !graph.weight<64x32, f32> at @f0, 0
graph.weight @square : !graph.weight<32x32, f32> at @f0, 0
graph.weight @norm : !graph.weight<32, f32> at @f0, 0

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
