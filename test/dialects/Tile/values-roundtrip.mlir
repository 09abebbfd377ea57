// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s

// CHECK-LABEL: graph.func @products
graph.func @products(%x: !tile.tile<6x64>, %q: !tile.qtile<6x64, block = 32>, %w: !tile.matrix<32x64, q4_1, p16>, %v: !tile.matrix<32x64, f16, columns>, %acc: !tile.tile<6x32>) {
  // CHECK: tile.product %{{.*}}, %{{.*}} : !tile.tile<6x64>, !tile.matrix<32x64, q4_1, p16> -> !tile.tile<6x32>
  %0 = tile.product %x, %w : !tile.tile<6x64>, !tile.matrix<32x64, q4_1, p16> -> !tile.tile<6x32>
  // CHECK: tile.product %{{.*}}, %{{.*}} instruction "dot4.512" : !tile.qtile<6x64, block = 32>, !tile.matrix<32x64, q4_1, p16> -> !tile.tile<6x32>
  %1 = tile.product %q, %w instruction "dot4.512" : !tile.qtile<6x64, block = 32>, !tile.matrix<32x64, q4_1, p16> -> !tile.tile<6x32>
  // CHECK: tile.product %{{.*}}, %{{.*}} into %[[ACC:.*]] : !tile.tile<6x64>, !tile.matrix<32x64, f16, columns> into !tile.tile<6x32> -> !tile.tile<6x32>
  %2 = tile.product %x, %v into %acc : !tile.tile<6x64>, !tile.matrix<32x64, f16, columns> into !tile.tile<6x32> -> !tile.tile<6x32>
  // CHECK: tile.product %{{.*}}, %{{.*}} into %[[ACC]] instruction "dot4.512" : !tile.qtile<6x64, block = 32>, !tile.matrix<32x64, q4_1, p16> into !tile.tile<6x32> -> !tile.tile<6x32>
  %3 = tile.product %q, %w into %acc instruction "dot4.512" : !tile.qtile<6x64, block = 32>, !tile.matrix<32x64, q4_1, p16> into !tile.tile<6x32> -> !tile.tile<6x32>
  graph.return
}

// CHECK-LABEL: graph.func @maps
graph.func @maps(%x: !tile.tile<6x64>, %row: !tile.tile<1x64>, %column: !tile.tile<6x1>, %one: !tile.tile<1x1>) {
  // CHECK:      tile.map(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : !tile.tile<6x64>, !tile.tile<1x64>, !tile.tile<6x1>, !tile.tile<1x1>) -> !tile.tile<6x64> {
  // CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %{{.*}}: f32, %{{.*}}: f32):
  // CHECK-NEXT:   %[[C:.*]] = arith.mulf %[[A]], %[[B]] : f32
  // CHECK-NEXT:   tile.yield %[[C]]
  // CHECK-NEXT: }
  %0 = tile.map(%x, %row, %column, %one : !tile.tile<6x64>, !tile.tile<1x64>, !tile.tile<6x1>, !tile.tile<1x1>) -> !tile.tile<6x64> {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32):
    %e = arith.mulf %a, %b : f32
    tile.yield %e
  }
  // All inputs may be narrower than the result.
  // CHECK: tile.map(%{{.*}}, %{{.*}} : !tile.tile<1x64>, !tile.tile<6x1>) -> !tile.tile<6x64> {
  %1 = tile.map(%row, %column : !tile.tile<1x64>, !tile.tile<6x1>) -> !tile.tile<6x64> {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a
  }
  graph.return
}

// CHECK-LABEL: graph.func @shapes
graph.func @shapes(%x: !tile.tile<6x64>, %q: !tile.qtile<6x64, block = 32>, %i: index) {
  // CHECK: tile.reduce add %{{.*}} : !tile.tile<6x64> -> !tile.tile<6x1>
  %0 = tile.reduce add %x : !tile.tile<6x64> -> !tile.tile<6x1>
  // CHECK: tile.reduce max %{{.*}} : !tile.tile<6x64> -> !tile.tile<6x1>
  %1 = tile.reduce max %x : !tile.tile<6x64> -> !tile.tile<6x1>
  // CHECK: tile.fill 0.000000e+00 : !tile.tile<6x64>
  %2 = tile.fill 0.0 : !tile.tile<6x64>
  // CHECK: tile.fill 0xFF800000 : !tile.tile<6x1>
  %3 = tile.fill 0xFF800000 : !tile.tile<6x1>
  // CHECK: tile.quantize %{{.*}} : !tile.tile<6x64> -> !tile.qtile<6x64, block = 32>
  %4 = tile.quantize %x : !tile.tile<6x64> -> !tile.qtile<6x64, block = 32>
  // CHECK: tile.rows %{{.*}}[%{{.*}}] : !tile.tile<6x64> -> !tile.tile<3x64>
  %5 = tile.rows %x[%i] : !tile.tile<6x64> -> !tile.tile<3x64>
  // CHECK: tile.rows %{{.*}}[%{{.*}}] : !tile.qtile<6x64, block = 32> -> !tile.qtile<6x64, block = 32>
  %6 = tile.rows %q[%i] : !tile.qtile<6x64, block = 32> -> !tile.qtile<6x64, block = 32>
  // CHECK: tile.reshape %{{.*}} : !tile.tile<6x64> -> !tile.tile<24x16>
  %7 = tile.reshape %x : !tile.tile<6x64> -> !tile.tile<24x16>
  graph.return
}

// CHECK-LABEL: graph.func @positions
graph.func @positions(%x: !tile.tile<6x64>, %i: index) {
  // CHECK: tile.rotate %{{.*}} of %{{.*}} {dim = 32 : i64, head_dim = 32 : i64, theta = 1.000000e+05 : f64} : !tile.tile<6x64>
  %0 = tile.rotate %x of %i {head_dim = 32, dim = 32, theta = 1.0e5} : !tile.tile<6x64>
  // CHECK: tile.rotate %{{.*}} of %{{.*}} {dim = 16 : i64, head_dim = 32 : i64, position_scale = 2.500000e-01 : f64, theta = 1.000000e+05 : f64} : !tile.tile<6x64>
  %1 = tile.rotate %x of %i {head_dim = 32, dim = 16, theta = 1.0e5, position_scale = 0.25} : !tile.tile<6x64>
  // CHECK: tile.rotate %{{.*}} {dim = 2 : i64, frequencies = #graph.frequencies<magnitude = 1.000000e+00 : f64, factors = [2.000000e+00]>
  %r = tile.rotate %x of %i {head_dim = 32, dim = 2, theta = 1.0e5, frequencies = #graph.frequencies<magnitude = 1.0 : f64, factors = [2.0]>} : !tile.tile<6x64>
  // CHECK: tile.mask %{{.*}} of %{{.*}} keys %{{.*}} heads 3 : !tile.tile<6x64>
  %2 = tile.mask %x of %i keys %i heads 3 : !tile.tile<6x64>
  // CHECK: tile.mask %{{.*}} of %{{.*}} keys %{{.*}} heads 1 window 128 : !tile.tile<6x64>
  %3 = tile.mask %x of %i keys %i heads 1 window 128 : !tile.tile<6x64>
  graph.return
}
