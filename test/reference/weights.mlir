// RUN: frit-translate --frit-interpret %s
// RUN: frit-translate --frit-interpret --precision=f64 %s
// Written by make_expected.py: rows of weight tables, in one file and in two.

graph.file @weights "Inputs/weights.bin"
graph.file @second "Inputs/weights-2.bin"
graph.weights @table [2] {
  graph.column @one_file : !graph.weight<4x3, f32> at [@weights], [64, 0]
  graph.column @two_files : !graph.weight<4x3, f32> at [@weights, @second], [64, 0]
  graph.column @unpaired : !graph.weight<4x3, f32> at [@weights], [64, 0] rows <4>
  graph.column @runs : !graph.weight<4x3, f32> at [@weights], [0, 12] runs <2, 6>
  graph.column @unpaired_runs : !graph.weight<4x3, f32> at [@weights], [12, 0] runs <2, 6> rows <4>
}
graph.weight @plain : !graph.weight<4x3, f32> at @weights, 0
graph.weight @vector : !graph.weight<4, f32> at @weights, 4 runs <2, 5>
graph.weight @unpaired_vector : !graph.weight<4, f32> at @weights, 4 runs <2, 5> rows <4>

graph.func @one_file_0() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3]
  %i = arith.constant 0 : index
  %w = graph.param @table::@one_file[%i] : !graph.weight<4x3, f32>
  %y = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %e = arith.constant dense<[
    [1.796875, 0.671875, 0.65625],
    [-1.53125, -1.359375, 1.578125],
    [-0.734375, 1.421875, 1.140625],
    [-1.984375, -0.109375, 0.171875]]> : tensor<4x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<4x3xf32>
  graph.return
}

graph.func @one_file_1() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3]
  %i = arith.constant 1 : index
  %w = graph.param @table::@one_file[%i] : !graph.weight<4x3, f32>
  %y = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %e = arith.constant dense<[
    [0.453125, -1.0, 1.890625],
    [1.78125, -1.734375, -1.234375],
    [-1.203125, -1.28125, 0.328125],
    [-0.59375, -0.0625, -1.078125]]> : tensor<4x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<4x3xf32>
  graph.return
}

graph.func @two_files_0() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3]
  %i = arith.constant 0 : index
  %w = graph.param @table::@two_files[%i] : !graph.weight<4x3, f32>
  %y = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %e = arith.constant dense<[
    [1.796875, 0.671875, 0.65625],
    [-1.53125, -1.359375, 1.578125],
    [-0.734375, 1.421875, 1.140625],
    [-1.984375, -0.109375, 0.171875]]> : tensor<4x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<4x3xf32>
  graph.return
}

graph.func @two_files_1() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3]
  %i = arith.constant 1 : index
  %w = graph.param @table::@two_files[%i] : !graph.weight<4x3, f32>
  %y = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %e = arith.constant dense<[
    [-0.125, -1.5625, 0.875],
    [-0.96875, -0.59375, -0.328125],
    [-0.796875, -0.1875, 1.34375],
    [-0.125, 0.953125, 1.703125]]> : tensor<4x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<4x3xf32>
  graph.return
}

graph.func @unpaired_0() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3]
  %i = arith.constant 0 : index
  %w = graph.param @table::@unpaired[%i] : !graph.weight<4x3, f32>
  %y = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %e = arith.constant dense<[
    [1.796875, 0.671875, 0.65625],
    [-0.734375, 1.421875, 1.140625],
    [-1.53125, -1.359375, 1.578125],
    [-1.984375, -0.109375, 0.171875]]> : tensor<4x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<4x3xf32>
  graph.return
}

graph.func @unpaired_1() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3]
  %i = arith.constant 1 : index
  %w = graph.param @table::@unpaired[%i] : !graph.weight<4x3, f32>
  %y = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %e = arith.constant dense<[
    [0.453125, -1.0, 1.890625],
    [-1.203125, -1.28125, 0.328125],
    [1.78125, -1.734375, -1.234375],
    [-0.59375, -0.0625, -1.078125]]> : tensor<4x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<4x3xf32>
  graph.return
}

graph.func @runs_0() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3]
  %i = arith.constant 0 : index
  %w = graph.param @table::@runs[%i] : !graph.weight<4x3, f32>
  %y = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %e = arith.constant dense<[
    [0.453125, -1.0, 1.890625],
    [1.78125, -1.734375, -1.234375],
    [0.65625, -1.53125, -1.359375],
    [1.578125, -0.734375, 1.421875]]> : tensor<4x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<4x3xf32>
  graph.return
}

graph.func @runs_1() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3]
  %i = arith.constant 1 : index
  %w = graph.param @table::@runs[%i] : !graph.weight<4x3, f32>
  %y = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %e = arith.constant dense<[
    [1.78125, -1.734375, -1.234375],
    [-1.203125, -1.28125, 0.328125],
    [1.578125, -0.734375, 1.421875],
    [1.140625, -1.984375, -0.109375]]> : tensor<4x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<4x3xf32>
  graph.return
}

graph.func @unpaired_runs_0() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3]
  %i = arith.constant 0 : index
  %w = graph.param @table::@unpaired_runs[%i] : !graph.weight<4x3, f32>
  %y = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %e = arith.constant dense<[
    [1.78125, -1.734375, -1.234375],
    [1.578125, -0.734375, 1.421875],
    [-1.203125, -1.28125, 0.328125],
    [1.140625, -1.984375, -0.109375]]> : tensor<4x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<4x3xf32>
  graph.return
}

graph.func @unpaired_runs_1() {
  %tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3]
  %i = arith.constant 1 : index
  %w = graph.param @table::@unpaired_runs[%i] : !graph.weight<4x3, f32>
  %y = graph.embed %tok, %w : !graph.weight<4x3, f32>
  %e = arith.constant dense<[
    [0.453125, -1.0, 1.890625],
    [0.65625, -1.53125, -1.359375],
    [1.78125, -1.734375, -1.234375],
    [1.578125, -0.734375, 1.421875]]> : tensor<4x3xf32>
  check.expect_eq %y, %e : tensor<?x3xf32>, tensor<4x3xf32>
  graph.return
}

graph.func @bias_vector() {
  %x = arith.constant dense<[
    [-1.125, -0.96875, 0.234375],
    [-1.25, 0.75, 0.671875]]> : tensor<2x3xf32>
  %plain = graph.param @plain : !graph.weight<4x3, f32>
  %vector = graph.param @vector : !graph.weight<4, f32>
  %y = graph.linear %x, %plain bias %vector : tensor<2x3xf32>, !graph.weight<4x3, f32>, !graph.weight<4, f32>
  %e = arith.constant dense<[
    [-0.097900390625, 1.277587890625, 1.468505859375, -0.805419921875],
    [-1.046142578125, -2.466064453125, -0.439697265625, -1.310302734375]]> : tensor<2x4xf64>
  check.expect_close %y, %e {abs = 2.0e-5, rel = 2.0e-5} : tensor<2x4xf32>, tensor<2x4xf64>
  graph.return
}

graph.func @bias_unpaired_vector() {
  %x = arith.constant dense<[
    [-1.125, -0.96875, 0.234375],
    [-1.25, 0.75, 0.671875]]> : tensor<2x3xf32>
  %plain = graph.param @plain : !graph.weight<4x3, f32>
  %unpaired_vector = graph.param @unpaired_vector : !graph.weight<4, f32>
  %y = graph.linear %x, %plain bias %unpaired_vector : tensor<2x3xf32>, !graph.weight<4x3, f32>, !graph.weight<4, f32>
  %e = arith.constant dense<[
    [-0.097900390625, -1.816162109375, 4.562255859375, -0.805419921875],
    [-1.046142578125, -5.559814453125, 2.654052734375, -1.310302734375]]> : tensor<2x4xf64>
  check.expect_close %y, %e {abs = 2.0e-5, rel = 2.0e-5} : tensor<2x4xf32>, tensor<2x4xf64>
  graph.return
}
