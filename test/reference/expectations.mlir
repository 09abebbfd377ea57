// RUN: not frit-translate --frit-interpret %s 2>&1 | FileCheck %s
// RUN: not frit-translate --frit-interpret --precision=f64 %s 2>&1 | FileCheck %s --check-prefix=F64

// An expectation that does not hold is reported with its place, and the ones after it are checked, too.
graph.func @failing() {
  %x = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %e = arith.constant dense<[[1.0, 2.5], [3.0, 3.0]]> : tensor<2x2xf64>
  // CHECK: expectations.mlir:[[#@LINE+2]]:3: error: 'check.expect_eq' op expected equal values, but 2 of 4 are not; the largest difference is at [1, 1], where 3 was expected and 4 found
  // F64: expectations.mlir:[[#@LINE+1]]:3: error: 'check.expect_eq' op expected equal values, but 2 of 4 are not; the largest difference is at [1, 1], where 3 was expected and 4 found
  check.expect_eq %x, %e : tensor<2x2xf32>, tensor<2x2xf64>
  // CHECK: expectations.mlir:[[#@LINE+1]]:3: error: 'check.expect_close' op expected values within 0 + 0.25 * |expected|, but 1 of 4 are not; the largest difference is at [1, 1], where 3 was expected and 4 found
  check.expect_close %x, %e {rel = 0.25} : tensor<2x2xf32>, tensor<2x2xf64>
  // CHECK-NOT: error
  check.expect_close %x, %e {abs = 1.0} : tensor<2x2xf32>, tensor<2x2xf64>
  check.expect_close %x, %e {abs = 0.25, rel = 0.25} : tensor<2x2xf32>, tensor<2x2xf64>
  graph.return
}

// Half an ulp of f32 off passes in f32, where the expected value is rounded, and fails in f64.
graph.func @precision() {
  %x = arith.constant dense<[[1.0]]> : tensor<1x1xf64>
  %e = arith.constant dense<[[1.00000001]]> : tensor<1x1xf64>
  // CHECK-NOT: error
  // F64: expectations.mlir:[[#@LINE+1]]:3: error: 'check.expect_eq' op expected equal values, but 1 of 1 are not; the largest difference is at [0, 0], where 1.0000000099999999 was expected and 1 found
  check.expect_eq %x, %e : tensor<1x1xf64>, tensor<1x1xf64>
  // F64: expectations.mlir:[[#@LINE+1]]:3: error: 'check.expect_close' op expected values within 1.862645149230957e-09 + 0 * |expected|, but 1 of 1 are not
  check.expect_close %x, %e {abs = 1.0} : tensor<1x1xf64>, tensor<1x1xf64>
  graph.return
}

// Not-a-number is close to nothing, and worse than any difference; an infinity equals itself.
graph.func @not_a_number() {
  %x = arith.constant dense<[[0x7FC00000, 5.0, 0x7F800000, 5.0]]> : tensor<1x4xf32>
  %e = arith.constant dense<[[0x7FC00000, 1.0, 0x7F800000, 0x7F800000]]> : tensor<1x4xf32>
  // CHECK: error: 'check.expect_close' op expected values within 1 + 1 * |expected|, but 3 of 4 are not; the largest difference is at [0, 0], where nan was expected and nan found
  check.expect_close %x, %e {abs = 1.0, rel = 1.0} : tensor<1x4xf32>, tensor<1x4xf32>
  graph.return
}

// CHECK: error: 'check.expect_eq' op expected 2x2 values, but got 1x2
graph.func @shape() {
  %w = graph.param @w : !graph.weight<4x2, f32>
  %tok = graph.batch ids [0] at [0]
  %x = graph.embed %tok, %w : !graph.weight<4x2, f32>
  %e = arith.constant dense<1.0> : tensor<2x2xf32>
  check.expect_eq %x, %e : tensor<?x2xf32>, tensor<2x2xf32>
  graph.return
}
graph.file @f "Inputs/select.bin"
graph.weight @w : !graph.weight<4x2, f32> at @f, 0
