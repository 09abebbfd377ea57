// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-fold-norm-weights)" --remarks-filter=algebra --verify-diagnostics --split-input-file -o /dev/null
// What keeps its weight, and why.

graph.func @argument(%x: tensor<?x32xf32>, %g: !graph.weight<32, f32>, %w: !graph.weight<32x32, f32>) -> tensor<?x32xf32> {
  // expected-remark @+1 {{[Missed] FoldNormWeight | Category:algebra | Reason="its weight is no graph.param}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %y : tensor<?x32xf32>
}

// -----

graph.file @f0 "f"
graph.weight @g : !graph.weight<32, f32> at @f0, 0
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @wide : !graph.weight<32x64, f32> at @f0, 0
graph.weight @h : !graph.weight<32x32, bf16> at @f0, 0
graph.weight @q : !graph.weight<32x32, q8_0> at @f0, 0
graph.weight @tied : !graph.weight<64x32, f32> at @f0, 0
graph.func @bias(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %g = graph.param @g : !graph.weight<32, f32>
  %w = graph.param @w : !graph.weight<32x32, f32>
  // expected-remark @+1 {{Reason="it has a bias, which products would have to add}}
  %n = graph.norm %x, %g bias %g {eps = 1.0e-5, kind = #graph.norm_kind<layer>} : tensor<?x32xf32>, !graph.weight<32, f32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %y : tensor<?x32xf32>
}
graph.func @heads(%x: tensor<?x64xf32>) -> tensor<?x32xf32> {
  %g = graph.param @g : !graph.weight<32, f32>
  %w = graph.param @wide : !graph.weight<32x64, f32>
  // expected-remark @+1 {{Reason="it has a weight for each group of columns}}
  %n = graph.norm %x, %g {eps = 1.0e-5, group = 32 : i64} : tensor<?x64xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w : tensor<?x64xf32>, !graph.weight<32x64, f32>
  graph.return %y : tensor<?x32xf32>
}
graph.func @unread(%x: tensor<?x32xf32>) {
  %g = graph.param @g : !graph.weight<32, f32>
  // expected-remark @+1 {{Reason="nothing reads it}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  graph.return
}
graph.func @residual(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %g = graph.param @g : !graph.weight<32, f32>
  // expected-remark @+1 {{Reason="something other than a product reads it}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.residual %x, %n : tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}
graph.func @weight_argument(%x: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>) -> tensor<?x32xf32> {
  %g = graph.param @g : !graph.weight<32, f32>
  // expected-remark @+1 {{Reason="the weight of a product is no graph.param}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %y : tensor<?x32xf32>
}
graph.func @integers(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %g = graph.param @g : !graph.weight<32, f32>
  %w = graph.param @q : !graph.weight<32x32, q8_0>
  // expected-remark @+1 {{Reason="a product has integer weights, which share scales along its columns}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<32x32, q8_0>
  graph.return %y : tensor<?x32xf32>
}
graph.func @halves(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %g = graph.param @g : !graph.weight<32, f32>
  %w = graph.param @h : !graph.weight<32x32, bf16>
  // expected-remark @+1 {{Reason="a product has weights of 16 bits, which would be rounded}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<32x32, bf16>
  graph.return %y : tensor<?x32xf32>
}
// The head of a model whose embedding it is, too.
graph.func @head(%tok: !graph.tokens) -> tensor<?x64xf32> {
  %g = graph.param @g : !graph.weight<32, f32>
  %w = graph.param @tied : !graph.weight<64x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  // expected-remark @+1 {{Reason="the weight of a product is read elsewhere, too}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.logits %n, %w : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %y : tensor<?x64xf32>
}

// -----

graph.file @f0 "f"
graph.weight @g : !graph.weight<32, f32> at @f0, 0
graph.weights @a [1] {
  graph.column @g : !graph.weight<32, f32> at [@f0], [0]
}
graph.weights @b [2] {
  graph.column @w : !graph.weight<32x32, f32> at [@f0], [0, 0]
}
graph.func @tables(%x: tensor<?x32xf32>, %i: index) -> tensor<?x32xf32> {
  %g = graph.param @a::@g[%i] : !graph.weight<32, f32>
  %w = graph.param @b::@w[%i] : !graph.weight<32x32, f32>
  // expected-remark @+1 {{Reason="its weight is in another table than that of a product}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %y : tensor<?x32xf32>
}

// -----

graph.file @f0 "f"
graph.weight @g : !graph.weight<32, f32> at @f0, 0
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.func @folded(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %g = graph.param @g : !graph.weight<32, f32>
  %w = graph.param @w : !graph.weight<32x32, f32>
  // expected-remark @+1 {{[Passed] FoldNormWeight | Category:algebra | products=1}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %y : tensor<?x32xf32>
}

// -----

graph.file @f0 "f"
graph.weight @g : !graph.weight<32, f32> at @f0, 0
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0 times <@g>
graph.func @twice(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %g = graph.param @g : !graph.weight<32, f32>
  %w = graph.param @w : !graph.weight<32x32, f32>
  // expected-remark @+1 {{Reason="the weight of a product has factors already}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %y : tensor<?x32xf32>
}
