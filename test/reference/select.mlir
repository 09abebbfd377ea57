// RUN: frit-translate --frit-interpret %s
// RUN: frit-translate --frit-interpret --precision=f64 %s
// Written by make_expected.py: rows of wanted tokens, against numpy.

graph.file @weights "Inputs/select.bin"
graph.weight @w : !graph.weight<4x3, f32> at @weights, 0

graph.func @some() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3] wanted [false, true, false, true]
  %w = graph.param @w : !graph.weight<4x3, f32>
  %x = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %y = graph.select %x, %tok : tensor<?x3xf32>
  %e = arith.constant dense<[
    [-0.625, 1.78125, -0.515625],
    [1.9375, -1.25, 0.53125]]> : tensor<2x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<2x3xf32>
  graph.return
}

graph.func @all() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3] wanted [true, true, true, true]
  %w = graph.param @w : !graph.weight<4x3, f32>
  %x = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %y = graph.select %x, %tok : tensor<?x3xf32>
  %e = arith.constant dense<[
    [-0.21875, 0.15625, 0.078125],
    [-0.625, 1.78125, -0.515625],
    [0.625, -0.5, -0.203125],
    [1.9375, -1.25, 0.53125]]> : tensor<4x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<4x3xf32>
  graph.return
}

graph.func @none() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3] wanted [false, false, false, false]
  %w = graph.param @w : !graph.weight<4x3, f32>
  %x = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %y = graph.select %x, %tok : tensor<?x3xf32>
  %e = arith.constant dense<> : tensor<0x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  graph.return
}
