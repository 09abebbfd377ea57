// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s

// CHECK-LABEL: graph.func @expect_close
graph.func @expect_close() {
  // CHECK: %[[X:.*]] = arith.constant
  %x = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  // CHECK: %[[E:.*]] = arith.constant
  %e = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf64>
  // CHECK: check.expect_close %[[X]], %[[E]] {abs = {{.*}} : f64, rel = {{.*}} : f64} : tensor<1x2xf32>, tensor<1x2xf64>
  check.expect_close %x, %e {abs = 1.0e-6, rel = 1.0e-5} : tensor<1x2xf32>, tensor<1x2xf64>
  // CHECK: check.expect_close %[[X]], %[[E]] {rel = {{.*}} : f64} : tensor<1x2xf32>, tensor<1x2xf64>
  check.expect_close %x, %e {rel = 1.0e-5} : tensor<1x2xf32>, tensor<1x2xf64>
  graph.return
}

// CHECK-LABEL: graph.func @expect_eq
graph.func @expect_eq(%x: tensor<?x2xf32>) {
  // CHECK: %[[E:.*]] = arith.constant
  %e = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  // CHECK: check.expect_eq %{{.*}}, %[[E]] : tensor<?x2xf32>, tensor<1x2xf32>
  check.expect_eq %x, %e : tensor<?x2xf32>, tensor<1x2xf32>
  graph.return
}
