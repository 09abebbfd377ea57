// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases{fusion=none})" | FileCheck %s
// Each op is the anchor of a phase of its own.

// CHECK-LABEL: kernel.phase @layer.norm(
// CHECK-SAME:    -> tensor<?x32xf32>
// CHECK-NOT:   kernel.role<{{prologue|epilogue}}>
// CHECK-LABEL: kernel.phase @layer.quantize(
// CHECK-SAME:    %[[X:.*]]: tensor<?x32xf32>) -> !graph.qtensor<?x32, block = 32>
// CHECK-NEXT:    %[[Q:.*]] = graph.quantize %[[X]] by 32 {kernel.role = #kernel.role<anchor>}
// CHECK-NEXT:    kernel.yield %[[Q]]
// CHECK-LABEL: kernel.phase @layer.q(
// CHECK-SAME:    %{{.*}}: !graph.qtensor<?x32, block = 32>) -> tensor<?x32xf32>
// CHECK-LABEL: kernel.phase @layer.k(
// CHECK-LABEL: kernel.phase @layer.rope(
// CHECK-LABEL: kernel.phase @layer.rope.2(
// CHECK-LABEL: kernel.phase @layer.append(
// CHECK-SAME:    %[[KV:.*]]: !kv.cache<1x32>, %[[K:.*]]: tensor<?x32xf32>, %[[V:.*]]: tensor<?x32xf32>, %[[T:.*]]: !graph.tokens) attributes
// CHECK-NEXT:    kv.append %[[KV]], %[[K]], %[[V]], %[[T]] {kernel.role = #kernel.role<anchor>}
// CHECK-NEXT:    kernel.yield
// CHECK-LABEL: kernel.phase @layer.attention(
// CHECK-LABEL: kernel.phase @layer.norm.2(
// CHECK:         graph.norm %{{.*}} {eps = 1.000000e-05 : f64, group = 16 : i64, kernel.role = #kernel.role<anchor>}
// CHECK-LABEL: kernel.phase @layer.glu(
// CHECK-LABEL: kernel.phase @layer.residual(
// CHECK-LABEL: graph.layer @layer(
// CHECK-NEXT:    kernel.call @layer.norm(
// CHECK-NEXT:    %[[Q:.*]] = kernel.call @layer.quantize(
// CHECK-NEXT:    kernel.call @layer.q(%{{.*}}, %[[Q]])
// CHECK-NEXT:    kernel.call @layer.k(%{{.*}}, %[[Q]])
// CHECK-NEXT:    kernel.call @layer.rope(
// CHECK-NEXT:    kernel.call @layer.rope.2(
// CHECK-NEXT:    kernel.call @layer.append(
// CHECK-NEXT:    kernel.call @layer.attention(
// CHECK-NEXT:    kernel.call @layer.norm.2(
// CHECK-NEXT:    kernel.call @layer.glu(
// CHECK-NEXT:    %[[H:.*]] = kernel.call @layer.residual(
// CHECK-NEXT:    graph.return %[[H]]
graph.file @f0 "f"
graph.weights @block [1] {
  graph.column @norm : !graph.weight<32, f32> at [@f0], [0]
  graph.column @heads : !graph.weight<16, f32> at [@f0], [0]
  graph.column @q : !graph.weight<32x32, q4_1> at [@f0], [0]
  graph.column @k : !graph.weight<32x32, q4_1> at [@f0], [0]
}
graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %wn = graph.param @block::@norm[%i] : !graph.weight<32, f32>
  %wh = graph.param @block::@heads[%i] : !graph.weight<16, f32>
  %wq = graph.param @block::@q[%i] : !graph.weight<32x32, q4_1>
  %wk = graph.param @block::@k[%i] : !graph.weight<32x32, q4_1>
  %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %c = graph.quantize %n by 32 : tensor<?x32xf32>
  %q = graph.linear %c, %wq : !graph.qtensor<?x32, block = 32>, !graph.weight<32x32, q4_1>
  %k = graph.linear %c, %wk : !graph.qtensor<?x32, block = 32>, !graph.weight<32x32, q4_1>
  %r = graph.rope %q, %tok halves {head_dim = 32, dim = 32, theta = 1.0e4} : tensor<?x32xf32>
  %s = graph.rope %k, %tok halves {head_dim = 32, dim = 32, theta = 1.0e4} : tensor<?x32xf32>
  kv.append %kv, %s, %k, %tok : !kv.cache<1x32>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  %a = graph.attention %r cache %kv, %tok heads 1 over 1 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  %b = graph.norm %a, %wh {eps = 1.0e-5, group = 16} : tensor<?x32xf32>, !graph.weight<16, f32>
  %g = graph.glu %a, %b silu : tensor<?x32xf32>
  %h = graph.residual %x, %g : tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}

// Selected rows and routes, too, are stored.
// CHECK-LABEL: kernel.phase @forward.select(
// CHECK-LABEL: kernel.phase @forward.linear(
// CHECK-LABEL: kernel.phase @forward.route(
// CHECK-LABEL: kernel.phase @forward.experts(
// CHECK-SAME:    -> tensor<?x64xf32>
// CHECK-LABEL: kernel.phase @forward.experts.2(
// CHECK-SAME:    -> tensor<?x32xf32>
// CHECK-LABEL: kernel.phase @forward.logits(
// CHECK-LABEL: graph.func @forward(
graph.func @forward(%x: tensor<?x32xf32>, %tok: !graph.tokens, %u: !graph.weight<4x32, f32>, %w: !graph.weight<4x32x32, f16>, %t: !graph.weight<64x32, f32>) -> tensor<?x64xf32> {
  %z = graph.select %x, %tok : tensor<?x32xf32>
  %s = graph.linear %z, %u : tensor<?x32xf32>, !graph.weight<4x32, f32>
  %r = graph.route %s top 2 : tensor<?x4xf32>
  %a = graph.experts %z, %r, %w each : tensor<?x32xf32>, tensor<?x4xf32>, !graph.weight<4x32x32, f16>
  %y = graph.experts %a, %r, %w sum : tensor<?x64xf32>, tensor<?x4xf32>, !graph.weight<4x32x32, f16>
  %l = graph.logits %y, %t : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %l : tensor<?x64xf32>
}
