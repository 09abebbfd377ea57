// RUN: frit-translate --frit-interpret %s
// RUN: frit-translate --frit-interpret --precision=f64 %s
// Written by make_expected.py: sums, against numpy.

graph.func @plain() {
  %x = arith.constant dense<[
    [0.6875, 1.21875, -1.90625, 1.234375, -0.125],
    [0.0625, 0.515625, -0.859375, 1.90625, -1.78125],
    [-0.890625, -0.46875, 0.28125, -0.359375, -1.46875]]> : tensor<3x5xf32>
  %b = arith.constant dense<[
    [-1.8125, -1.984375, -1.796875, -1.40625, 1.984375],
    [-1.234375, 0.609375, 1.0, -1.0625, -0.875],
    [-0.265625, -0.9375, 1.890625, -1.28125, 1.578125]]> : tensor<3x5xf32>
  %y = graph.residual %x, %b : tensor<3x5xf32>
  %e = arith.constant dense<[
    [-1.125, -0.765625, -3.703125, -0.171875, 1.859375],
    [-1.171875, 1.125, 0.140625, 0.84375, -2.65625],
    [-1.15625, -1.40625, 2.171875, -1.640625, 0.109375]]> : tensor<3x5xf64>
  check.expect_close %y, %e {abs = 2.0e-5, rel = 2.0e-5} : tensor<3x5xf32>, tensor<3x5xf64>
  graph.return
}

graph.func @scaled() {
  %x = arith.constant dense<[
    [0.6875, 1.21875, -1.90625, 1.234375, -0.125],
    [0.0625, 0.515625, -0.859375, 1.90625, -1.78125],
    [-0.890625, -0.46875, 0.28125, -0.359375, -1.46875]]> : tensor<3x5xf32>
  %b = arith.constant dense<[
    [-1.8125, -1.984375, -1.796875, -1.40625, 1.984375],
    [-1.234375, 0.609375, 1.0, -1.0625, -0.875],
    [-0.265625, -0.9375, 1.890625, -1.28125, 1.578125]]> : tensor<3x5xf32>
  %y = graph.residual %x, %b {scale = 0.22} : tensor<3x5xf32>
  %e = arith.constant dense<[
    [0.28875, 0.7821875, -2.3015625, 0.925, 0.3115625],
    [-0.20906249999999998, 0.6496875, -0.639375, 1.6724999999999999, -1.97375],
    [-0.9490625, -0.675, 0.6971875000000001, -0.64125, -1.1215625]]> : tensor<3x5xf64>
  check.expect_close %y, %e {abs = 2.0e-5, rel = 2.0e-5} : tensor<3x5xf32>, tensor<3x5xf64>
  graph.return
}
