// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-merge-scales)" | FileCheck %s
// A multiplier of all branches goes into the embedding and the eps of norms.

graph.layer @decoder(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  // CHECK: graph.norm %{{.*}} {eps = 1.600000e-04 : f64}
  %0 = graph.norm %x {eps = 1.0e-5} : tensor<?x32xf32>
  // CHECK: graph.residual %{{[^{]*}} :
  %1 = graph.residual %x, %0 {scale = 0.25} : tensor<?x32xf32>
  // CHECK: graph.norm %{{.*}} {eps = 1.600000e-04 : f64, kind = #graph.norm_kind<layer>}
  %2 = graph.norm %1 {eps = 1.0e-5, kind = #graph.norm_kind<layer>} : tensor<?x32xf32>
  // What is not of the stream keeps its eps.
  // CHECK: graph.norm %{{.*}} {eps = 1.000000e-05 : f64}
  %3 = graph.norm %2 {eps = 1.0e-5} : tensor<?x32xf32>
  // CHECK: graph.residual %{{[^{]*}} :
  %4 = graph.residual %1, %3 {scale = 0.25} : tensor<?x32xf32>
  graph.return %4 : tensor<?x32xf32>
}
// CHECK-LABEL: graph.func @forward
graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<2>, %w: !graph.weight<64x32, f32>) -> tensor<?x64xf32> {
  // CHECK: graph.embed %{{.*}} {scale = 4.800000e+01 : f64}
  %x = graph.embed %tok, %w {scale = 12.0} : !graph.weight<64x32, f32>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 2>] : tensor<?x32xf32>, !kv.caches<2>
  %s = graph.select %y, %tok : tensor<?x32xf32>
  // CHECK: graph.norm %{{.*}} {eps = 1.600000e-05 : f64}
  %n = graph.norm %s {eps = 1.0e-6} : tensor<?x32xf32>
  %l = graph.logits %n, %w {scale = 0.5} : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %l : tensor<?x64xf32>
}
