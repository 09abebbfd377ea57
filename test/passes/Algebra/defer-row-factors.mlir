// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-defer-row-factors)" | FileCheck %s
// The factor of a row is applied to what the products give.

// CHECK-LABEL: graph.func @products(
// CHECK-SAME: %[[X:.*]]: tensor<?x32xf32>, %[[G:.*]]: !graph.weight<32, f32>,
graph.func @products(%x: tensor<?x32xf32>, %g: !graph.weight<32, f32>, %w: !graph.weight<64x32, q8_0>, %v: !graph.weight<16x32, f32>) -> (tensor<?x64xf32>, tensor<?x16xf32>) {
  // CHECK-NEXT: %[[R:.*]] = graph.row_factor %[[X]] {eps = 1.000000e-05 : f64} : tensor<?x32xf32>
  // CHECK-NEXT: %[[S:.*]] = graph.scale_columns %[[X]], %[[G]] {offset = 1.000000e+00 : f64} : tensor<?x32xf32>, !graph.weight<32, f32>
  %n = graph.norm %x, %g {eps = 1.0e-5, offset = 1.0} : tensor<?x32xf32>, !graph.weight<32, f32>
  // CHECK-NEXT: %[[A:.*]] = graph.linear %[[S]],
  // CHECK-NEXT: %[[Y:.*]] = graph.scale_rows %[[A]], %[[R]] : tensor<?x64xf32>, tensor<?x1xf32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<64x32, q8_0>
  // CHECK-NEXT: %[[B:.*]] = graph.linear %[[S]],
  // CHECK-NEXT: %[[Z:.*]] = graph.scale_rows %[[B]], %[[R]] : tensor<?x16xf32>, tensor<?x1xf32>
  %z = graph.linear %n, %v : tensor<?x32xf32>, !graph.weight<16x32, f32>
  // CHECK-NEXT: graph.return %[[Y]], %[[Z]]
  graph.return %y, %z : tensor<?x64xf32>, tensor<?x16xf32>
}

// CHECK-LABEL: graph.func @logits_without_weight(
// CHECK-SAME: %[[X:.*]]: tensor<?x32xf32>,
graph.func @logits_without_weight(%x: tensor<?x32xf32>, %w: !graph.weight<64x32, q8_0>) -> tensor<?x64xf32> {
  // CHECK-NEXT: %[[R:.*]] = graph.row_factor %[[X]]
  %n = graph.norm %x {eps = 1.0e-5} : tensor<?x32xf32>
  // CHECK-NEXT: %[[L:.*]] = graph.logits %[[X]], %{{.*}} {scale = 2.500000e-01 : f64}
  // CHECK-NEXT: graph.scale_rows %[[L]], %[[R]]
  %y = graph.logits %n, %w {scale = 0.25} : tensor<?x32xf32>, !graph.weight<64x32, q8_0>
  graph.return %y : tensor<?x64xf32>
}
