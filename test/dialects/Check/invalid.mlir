// RUN: %frit-opt --split-input-file --verify-diagnostics %s

graph.func @close_shapes(%x: tensor<2x2xf32>, %e: tensor<1x2xf32>) {
  // expected-error @+1 {{expected values of one shape, but got 'tensor<2x2xf32>' and 'tensor<1x2xf32>'}}
  check.expect_close %x, %e {abs = 1.0e-6} : tensor<2x2xf32>, tensor<1x2xf32>
  graph.return
}

// -----

graph.func @close_without_tolerance(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{expected a positive abs or rel; check.expect_eq has no tolerance}}
  check.expect_close %x, %x : tensor<2x2xf32>, tensor<2x2xf32>
  graph.return
}

// -----

graph.func @close_negative(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{expected finite tolerances of 0 or more, but got abs = 1.000000e+00 : f64 and rel = -1.000000e+00 : f64}}
  check.expect_close %x, %x {abs = 1.0, rel = -1.0} : tensor<2x2xf32>, tensor<2x2xf32>
  graph.return
}

// -----

graph.func @close_infinite(%x: tensor<2x2xf32>) {
  // expected-error @+1 {{expected finite tolerances of 0 or more, but got abs = 0x7FF0000000000000 : f64 and rel = 0.000000e+00 : f64}}
  check.expect_close %x, %x {abs = 0x7FF0000000000000 : f64} : tensor<2x2xf32>, tensor<2x2xf32>
  graph.return
}

// -----

graph.func @eq_shapes(%x: tensor<?x3xf32>, %e: tensor<1x2xf32>) {
  // expected-error @+1 {{expected values of one shape, but got 'tensor<?x3xf32>' and 'tensor<1x2xf32>'}}
  check.expect_eq %x, %e : tensor<?x3xf32>, tensor<1x2xf32>
  graph.return
}
