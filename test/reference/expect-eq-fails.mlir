// RUN: not frit-translate --frit-interpret %s

// Only this is wrong here, and it alone makes the tool fail.
graph.func @failing() {
  %x = arith.constant dense<1.0> : tensor<1x1xf32>
  %e = arith.constant dense<2.0> : tensor<1x1xf32>
  check.expect_eq %x, %e : tensor<1x1xf32>, tensor<1x1xf32>
  graph.return
}
graph.func @holding() {
  %x = arith.constant dense<1.0> : tensor<1x1xf32>
  check.expect_eq %x, %x : tensor<1x1xf32>, tensor<1x1xf32>
  graph.return
}
