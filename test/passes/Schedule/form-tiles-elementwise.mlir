// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases,frit-form-tiles)" | FileCheck %s
// Graph ops on tiles: maps and reductions of their definitions.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {

graph.file @f0 "model.gguf"
graph.weight @table : !graph.weight<64x32, q8_0> at @f0, 0
graph.weight @scores : !graph.weight<64, f32> at @f0, 0
graph.weights @block [1] {
  graph.column @weight : !graph.weight<32, f32> at [@f0], [0]
  graph.column @bias : !graph.weight<32, f32> at [@f0], [0]
  graph.column @head : !graph.weight<8, f32> at [@f0], [0]
}

graph.layer @rms(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @block::@weight[%i] : !graph.weight<32, f32>
  %h = graph.residual %x, %x : tensor<?x32xf32>
  %y = graph.norm %h, %w {eps = 0.25} : tensor<?x32xf32>, !graph.weight<32, f32>
  graph.return %y : tensor<?x32xf32>
}

// CHECK-LABEL: tile.phase @rms.norm.m1
// CHECK:      [[LOAD:%.*]] = tile.load @buffer.rms.residual[%{{.*}}, %{{.*}}] valid %{{.*}} : !tile.tile<1x32>
// CHECK-NEXT: [[MAP:%.*]] = tile.map([[LOAD]] : !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[MULF:%.*]] = arith.mulf [[ARG]], [[ARG]] : f32
// CHECK-NEXT:   tile.yield [[MULF]]
// CHECK-NEXT: }
// CHECK-NEXT: [[REDUCE:%.*]] = tile.reduce add [[MAP]] : !tile.tile<1x32> -> !tile.tile<1x1>
// CHECK-NEXT: [[MAP2:%.*]] = tile.map([[REDUCE]] : !tile.tile<1x1>) -> !tile.tile<1x1> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[CST:%.*]] = arith.constant 3.125000e-02 : f32
// CHECK-NEXT:   [[MULF2:%.*]] = arith.mulf [[ARG]], [[CST]] : f32
// CHECK-NEXT:   [[CST_1:%.*]] = arith.constant 2.500000e-01 : f32
// CHECK-NEXT:   [[ADDF:%.*]] = arith.addf [[MULF2]], [[CST_1]] : f32
// CHECK-NEXT:   [[SQRT:%.*]] = math.sqrt [[ADDF]] : f32
// CHECK-NEXT:   [[CST_2:%.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   [[DIVF:%.*]] = arith.divf [[CST_2]], [[SQRT]] : f32
// CHECK-NEXT:   tile.yield [[DIVF]]
// CHECK-NEXT: }
// CHECK-NEXT: [[VECTOR:%.*]] = tile.vector @pack.block.weight[%{{.*}}] : !tile.tile<1x32>
// CHECK-NEXT: [[MAP3:%.*]] = tile.map([[LOAD]], [[MAP2]], [[VECTOR]] : !tile.tile<1x32>, !tile.tile<1x1>, !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32, [[ARG3:%.*]]: f32):
// CHECK-NEXT:   [[MULF3:%.*]] = arith.mulf [[ARG]], [[ARG2]] : f32
// CHECK-NEXT:   [[MULF4:%.*]] = arith.mulf [[MULF3]], [[ARG3]] : f32
// CHECK-NEXT:   tile.yield [[MULF4]]
// CHECK-NEXT: }
// CHECK-NEXT: tile.store [[MAP3]], @buffer.residual[%{{.*}}, %{{.*}}] : !tile.tile<1x32>

graph.layer @offset(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @block::@weight[%i] : !graph.weight<32, f32>
  %h = graph.residual %x, %x : tensor<?x32xf32>
  %y = graph.norm %h, %w {eps = 0.25, offset = 1.0} : tensor<?x32xf32>, !graph.weight<32, f32>
  graph.return %y : tensor<?x32xf32>
}

// CHECK-LABEL: tile.phase @offset.norm.m1
// CHECK:      [[MAP:%.*]] = tile.map(%{{.*}}, %{{.*}}, %{{.*}} : !tile.tile<1x32>, !tile.tile<1x1>, !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32, [[ARG3:%.*]]: f32):
// CHECK-NEXT:   [[CST:%.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   [[ADDF:%.*]] = arith.addf [[ARG3]], [[CST]] : f32
// CHECK-NEXT:   [[MULF:%.*]] = arith.mulf [[ARG]], [[ARG2]] : f32
// CHECK-NEXT:   [[MULF2:%.*]] = arith.mulf [[MULF]], [[ADDF]] : f32
// CHECK-NEXT:   tile.yield [[MULF2]]
// CHECK-NEXT: }
// CHECK-NEXT: tile.store [[MAP]], @buffer.residual[%{{.*}}, %{{.*}}] : !tile.tile<1x32>

graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @block::@weight[%i] : !graph.weight<32, f32>
  %b = graph.param @block::@bias[%i] : !graph.weight<32, f32>
  %h = graph.residual %x, %x : tensor<?x32xf32>
  %y = graph.norm %h, %w bias %b {eps = 0.25, kind = #graph.norm_kind<layer>} : tensor<?x32xf32>, !graph.weight<32, f32>, !graph.weight<32, f32>
  graph.return %y : tensor<?x32xf32>
}

// CHECK-LABEL: tile.phase @layer.norm.m1
// CHECK:      [[LOAD:%.*]] = tile.load @buffer.layer.residual[%{{.*}}, %{{.*}}] valid %{{.*}} : !tile.tile<1x32>
// CHECK-NEXT: [[REDUCE:%.*]] = tile.reduce add [[LOAD]] : !tile.tile<1x32> -> !tile.tile<1x1>
// CHECK-NEXT: [[MAP:%.*]] = tile.map([[REDUCE]] : !tile.tile<1x1>) -> !tile.tile<1x1> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[CST:%.*]] = arith.constant 3.125000e-02 : f32
// CHECK-NEXT:   [[MULF:%.*]] = arith.mulf [[ARG]], [[CST]] : f32
// CHECK-NEXT:   tile.yield [[MULF]]
// CHECK-NEXT: }
// CHECK-NEXT: [[MAP2:%.*]] = tile.map([[LOAD]], [[MAP]] : !tile.tile<1x32>, !tile.tile<1x1>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32):
// CHECK-NEXT:   [[SUBF:%.*]] = arith.subf [[ARG]], [[ARG2]] : f32
// CHECK-NEXT:   tile.yield [[SUBF]]
// CHECK-NEXT: }
// CHECK-NEXT: [[MAP3:%.*]] = tile.map([[MAP2]] : !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[MULF2:%.*]] = arith.mulf [[ARG]], [[ARG]] : f32
// CHECK-NEXT:   tile.yield [[MULF2]]
// CHECK-NEXT: }
// CHECK-NEXT: [[REDUCE2:%.*]] = tile.reduce add [[MAP3]] : !tile.tile<1x32> -> !tile.tile<1x1>
// CHECK-NEXT: [[MAP4:%.*]] = tile.map([[REDUCE2]] : !tile.tile<1x1>) -> !tile.tile<1x1> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[CST2:%.*]] = arith.constant 3.125000e-02 : f32
// CHECK-NEXT:   [[MULF3:%.*]] = arith.mulf [[ARG]], [[CST2]] : f32
// CHECK-NEXT:   [[CST_1:%.*]] = arith.constant 2.500000e-01 : f32
// CHECK-NEXT:   [[ADDF:%.*]] = arith.addf [[MULF3]], [[CST_1]] : f32
// CHECK-NEXT:   [[SQRT:%.*]] = math.sqrt [[ADDF]] : f32
// CHECK-NEXT:   [[CST_2:%.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   [[DIVF:%.*]] = arith.divf [[CST_2]], [[SQRT]] : f32
// CHECK-NEXT:   tile.yield [[DIVF]]
// CHECK-NEXT: }
// CHECK-NEXT: [[VECTOR:%.*]] = tile.vector @pack.block.weight[%{{.*}}] : !tile.tile<1x32>
// CHECK-NEXT: [[VECTOR2:%.*]] = tile.vector @pack.block.bias[%{{.*}}] : !tile.tile<1x32>
// CHECK-NEXT: [[MAP5:%.*]] = tile.map([[MAP2]], [[MAP4]], [[VECTOR]], [[VECTOR2]] : !tile.tile<1x32>, !tile.tile<1x1>, !tile.tile<1x32>, !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32, [[ARG3:%.*]]: f32, [[ARG4:%.*]]: f32):
// CHECK-NEXT:   [[MULF4:%.*]] = arith.mulf [[ARG]], [[ARG2]] : f32
// CHECK-NEXT:   [[MULF5:%.*]] = arith.mulf [[MULF4]], [[ARG3]] : f32
// CHECK-NEXT:   [[ADDF2:%.*]] = arith.addf [[MULF5]], [[ARG4]] : f32
// CHECK-NEXT:   tile.yield [[ADDF2]]
// CHECK-NEXT: }
// CHECK-NEXT: tile.store [[MAP5]], @buffer.residual[%{{.*}}, %{{.*}}] : !tile.tile<1x32>

graph.layer @groups(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x32xf32> {
  %t = graph.param @table : !graph.weight<64x32, q8_0>
  %w = graph.param @block::@head[%i] : !graph.weight<8, f32>
  %e = graph.embed %tok, %t : !graph.weight<64x32, q8_0>
  %y = graph.norm %e, %w {eps = 0.25, group = 8 : i64} : tensor<?x32xf32>, !graph.weight<8, f32>
  %z = graph.norm %y, %w bias %w {eps = 0.25, group = 8 : i64, kind = #graph.norm_kind<layer>} : tensor<?x32xf32>, !graph.weight<8, f32>, !graph.weight<8, f32>
  %h = graph.residual %x, %z {scale = 0.5} : tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}

// CHECK-LABEL: tile.phase @groups.embed.m1
// CHECK:      [[EMBED:%.*]] = tile.embed @pack.table[%{{.*}}] valid %{{.*}} : !tile.tile<1x32>
// CHECK-NEXT: [[RESHAPE:%.*]] = tile.reshape [[EMBED]] : !tile.tile<1x32> -> !tile.tile<4x8>
// CHECK-NEXT: [[MAP:%.*]] = tile.map([[RESHAPE]] : !tile.tile<4x8>) -> !tile.tile<4x8> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[MULF:%.*]] = arith.mulf [[ARG]], [[ARG]] : f32
// CHECK-NEXT:   tile.yield [[MULF]]
// CHECK-NEXT: }
// CHECK-NEXT: [[REDUCE:%.*]] = tile.reduce add [[MAP]] : !tile.tile<4x8> -> !tile.tile<4x1>
// CHECK-NEXT: [[MAP2:%.*]] = tile.map([[REDUCE]] : !tile.tile<4x1>) -> !tile.tile<4x1> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[CST:%.*]] = arith.constant 1.250000e-01 : f32
// CHECK-NEXT:   [[MULF2:%.*]] = arith.mulf [[ARG]], [[CST]] : f32
// CHECK-NEXT:   [[CST_2:%.*]] = arith.constant 2.500000e-01 : f32
// CHECK-NEXT:   [[ADDF:%.*]] = arith.addf [[MULF2]], [[CST_2]] : f32
// CHECK-NEXT:   [[SQRT:%.*]] = math.sqrt [[ADDF]] : f32
// CHECK-NEXT:   [[CST_3:%.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   [[DIVF:%.*]] = arith.divf [[CST_3]], [[SQRT]] : f32
// CHECK-NEXT:   tile.yield [[DIVF]]
// CHECK-NEXT: }
// CHECK-NEXT: [[C:%.*]] = arith.constant 0 : index
// CHECK-NEXT: [[VECTOR:%.*]] = tile.vector @pack.block.head[[[C]]] : !tile.tile<1x8>
// CHECK-NEXT: [[MAP3:%.*]] = tile.map([[RESHAPE]], [[MAP2]], [[VECTOR]] : !tile.tile<4x8>, !tile.tile<4x1>, !tile.tile<1x8>) -> !tile.tile<4x8> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32, [[ARG3:%.*]]: f32):
// CHECK-NEXT:   [[MULF3:%.*]] = arith.mulf [[ARG]], [[ARG2]] : f32
// CHECK-NEXT:   [[MULF4:%.*]] = arith.mulf [[MULF3]], [[ARG3]] : f32
// CHECK-NEXT:   tile.yield [[MULF4]]
// CHECK-NEXT: }
// CHECK-NEXT: [[RESHAPE2:%.*]] = tile.reshape [[MAP3]] : !tile.tile<4x8> -> !tile.tile<1x32>
// CHECK-NEXT: [[RESHAPE3:%.*]] = tile.reshape [[RESHAPE2]] : !tile.tile<1x32> -> !tile.tile<4x8>
// CHECK-NEXT: [[REDUCE2:%.*]] = tile.reduce add [[RESHAPE3]] : !tile.tile<4x8> -> !tile.tile<4x1>
// CHECK-NEXT: [[MAP4:%.*]] = tile.map([[REDUCE2]] : !tile.tile<4x1>) -> !tile.tile<4x1> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[CST2:%.*]] = arith.constant 1.250000e-01 : f32
// CHECK-NEXT:   [[MULF5:%.*]] = arith.mulf [[ARG]], [[CST2]] : f32
// CHECK-NEXT:   tile.yield [[MULF5]]
// CHECK-NEXT: }
// CHECK-NEXT: [[MAP5:%.*]] = tile.map([[RESHAPE3]], [[MAP4]] : !tile.tile<4x8>, !tile.tile<4x1>) -> !tile.tile<4x8> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32):
// CHECK-NEXT:   [[SUBF:%.*]] = arith.subf [[ARG]], [[ARG2]] : f32
// CHECK-NEXT:   tile.yield [[SUBF]]
// CHECK-NEXT: }
// CHECK-NEXT: [[MAP6:%.*]] = tile.map([[MAP5]] : !tile.tile<4x8>) -> !tile.tile<4x8> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[MULF6:%.*]] = arith.mulf [[ARG]], [[ARG]] : f32
// CHECK-NEXT:   tile.yield [[MULF6]]
// CHECK-NEXT: }
// CHECK-NEXT: [[REDUCE3:%.*]] = tile.reduce add [[MAP6]] : !tile.tile<4x8> -> !tile.tile<4x1>
// CHECK-NEXT: [[MAP7:%.*]] = tile.map([[REDUCE3]] : !tile.tile<4x1>) -> !tile.tile<4x1> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[CST3:%.*]] = arith.constant 1.250000e-01 : f32
// CHECK-NEXT:   [[MULF7:%.*]] = arith.mulf [[ARG]], [[CST3]] : f32
// CHECK-NEXT:   [[CST_22:%.*]] = arith.constant 2.500000e-01 : f32
// CHECK-NEXT:   [[ADDF2:%.*]] = arith.addf [[MULF7]], [[CST_22]] : f32
// CHECK-NEXT:   [[SQRT2:%.*]] = math.sqrt [[ADDF2]] : f32
// CHECK-NEXT:   [[CST_32:%.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   [[DIVF2:%.*]] = arith.divf [[CST_32]], [[SQRT2]] : f32
// CHECK-NEXT:   tile.yield [[DIVF2]]
// CHECK-NEXT: }
// CHECK-NEXT: [[C2:%.*]] = arith.constant 0 : index
// CHECK-NEXT: [[VECTOR2:%.*]] = tile.vector @pack.block.head[[[C2]]] : !tile.tile<1x8>
// CHECK-NEXT: [[VECTOR3:%.*]] = tile.vector @pack.block.head[[[C2]]] : !tile.tile<1x8>
// CHECK-NEXT: [[MAP8:%.*]] = tile.map([[MAP5]], [[MAP7]], [[VECTOR2]], [[VECTOR3]] : !tile.tile<4x8>, !tile.tile<4x1>, !tile.tile<1x8>, !tile.tile<1x8>) -> !tile.tile<4x8> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32, [[ARG3:%.*]]: f32, [[ARG4:%.*]]: f32):
// CHECK-NEXT:   [[MULF8:%.*]] = arith.mulf [[ARG]], [[ARG2]] : f32
// CHECK-NEXT:   [[MULF9:%.*]] = arith.mulf [[MULF8]], [[ARG3]] : f32
// CHECK-NEXT:   [[ADDF3:%.*]] = arith.addf [[MULF9]], [[ARG4]] : f32
// CHECK-NEXT:   tile.yield [[ADDF3]]
// CHECK-NEXT: }
// CHECK-NEXT: [[RESHAPE4:%.*]] = tile.reshape [[MAP8]] : !tile.tile<4x8> -> !tile.tile<1x32>
// CHECK-NEXT: [[LOAD:%.*]] = tile.load @buffer.residual[%{{.*}}, %{{.*}}] : !tile.tile<1x32>
// CHECK-NEXT: [[MAP9:%.*]] = tile.map([[LOAD]], [[RESHAPE4]] : !tile.tile<1x32>, !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32):
// CHECK-NEXT:   [[CST4:%.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   [[MULF10:%.*]] = arith.mulf [[ARG2]], [[CST4]] : f32
// CHECK-NEXT:   [[ADDF4:%.*]] = arith.addf [[ARG]], [[MULF10]] : f32
// CHECK-NEXT:   tile.yield [[ADDF4]]
// CHECK-NEXT: }
// CHECK-NEXT: tile.store [[MAP9]], @buffer.residual[%{{.*}}, %{{.*}}] : !tile.tile<1x32>

graph.layer @glu(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x32xf32> {
  %t = graph.param @table : !graph.weight<64x32, q8_0>
  %h = graph.embed %tok, %t : !graph.weight<64x32, q8_0>
  %a = graph.glu %h, %x silu : tensor<?x32xf32>
  %b = graph.glu %a, %x gelu : tensor<?x32xf32>
  %c = graph.glu %b, %x gelu_tanh : tensor<?x32xf32>
  %d = graph.residual %c, %h {scale = 0.5} : tensor<?x32xf32>
  %r = graph.rope %d, %tok halves {head_dim = 16, dim = 8, theta = 1.0e4, position_scale = 0.25} : tensor<?x32xf32>
  graph.return %r : tensor<?x32xf32>
}

// CHECK-LABEL: tile.phase @glu.embed.m1
// CHECK:      [[EMBED:%.*]] = tile.embed @pack.table[%{{.*}}] valid %{{.*}} : !tile.tile<1x32>
// CHECK-NEXT: [[LOAD:%.*]] = tile.load @buffer.residual[%{{.*}}, %{{.*}}] : !tile.tile<1x32>
// CHECK-NEXT: [[MAP:%.*]] = tile.map([[EMBED]], [[LOAD]] : !tile.tile<1x32>, !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32):
// CHECK-NEXT:   [[NEGF:%.*]] = arith.negf [[ARG]] : f32
// CHECK-NEXT:   [[EXP:%.*]] = math.exp [[NEGF]] : f32
// CHECK-NEXT:   [[CST:%.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   [[ADDF:%.*]] = arith.addf [[CST]], [[EXP]] : f32
// CHECK-NEXT:   [[DIVF:%.*]] = arith.divf [[ARG]], [[ADDF]] : f32
// CHECK-NEXT:   [[MULF:%.*]] = arith.mulf [[DIVF]], [[ARG2]] : f32
// CHECK-NEXT:   tile.yield [[MULF]]
// CHECK-NEXT: }
// CHECK-NEXT: [[MAP2:%.*]] = tile.map([[MAP]], [[LOAD]] : !tile.tile<1x32>, !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32):
// CHECK-NEXT:   [[CST2:%.*]] = arith.constant 0.707106769 : f32
// CHECK-NEXT:   [[MULF2:%.*]] = arith.mulf [[ARG]], [[CST2]] : f32
// CHECK-NEXT:   [[ERF:%.*]] = math.erf [[MULF2]] : f32
// CHECK-NEXT:   [[CST_0:%.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   [[MULF3:%.*]] = arith.mulf [[ARG]], [[CST_0]] : f32
// CHECK-NEXT:   [[CST_1:%.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   [[ADDF2:%.*]] = arith.addf [[ERF]], [[CST_1]] : f32
// CHECK-NEXT:   [[MULF4:%.*]] = arith.mulf [[MULF3]], [[ADDF2]] : f32
// CHECK-NEXT:   [[MULF5:%.*]] = arith.mulf [[MULF4]], [[ARG2]] : f32
// CHECK-NEXT:   tile.yield [[MULF5]]
// CHECK-NEXT: }
// CHECK-NEXT: [[MAP3:%.*]] = tile.map([[MAP2]], [[LOAD]] : !tile.tile<1x32>, !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32):
// CHECK-NEXT:   [[MULF6:%.*]] = arith.mulf [[ARG]], [[ARG]] : f32
// CHECK-NEXT:   [[CST3:%.*]] = arith.constant 4.471500e-02 : f32
// CHECK-NEXT:   [[MULF7:%.*]] = arith.mulf [[MULF6]], [[CST3]] : f32
// CHECK-NEXT:   [[CST_02:%.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   [[ADDF3:%.*]] = arith.addf [[MULF7]], [[CST_02]] : f32
// CHECK-NEXT:   [[MULF8:%.*]] = arith.mulf [[ARG]], [[ADDF3]] : f32
// CHECK-NEXT:   [[CST_12:%.*]] = arith.constant 0.797884583 : f32
// CHECK-NEXT:   [[MULF9:%.*]] = arith.mulf [[MULF8]], [[CST_12]] : f32
// CHECK-NEXT:   [[CST_2:%.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   [[MULF10:%.*]] = arith.mulf [[ARG]], [[CST_2]] : f32
// CHECK-NEXT:   [[TANH:%.*]] = math.tanh [[MULF9]] : f32
// CHECK-NEXT:   [[CST_3:%.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   [[ADDF4:%.*]] = arith.addf [[TANH]], [[CST_3]] : f32
// CHECK-NEXT:   [[MULF11:%.*]] = arith.mulf [[MULF10]], [[ADDF4]] : f32
// CHECK-NEXT:   [[MULF12:%.*]] = arith.mulf [[MULF11]], [[ARG2]] : f32
// CHECK-NEXT:   tile.yield [[MULF12]]
// CHECK-NEXT: }
// CHECK-NEXT: [[MAP4:%.*]] = tile.map([[MAP3]], [[EMBED]] : !tile.tile<1x32>, !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32):
// CHECK-NEXT:   [[CST4:%.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   [[MULF13:%.*]] = arith.mulf [[ARG2]], [[CST4]] : f32
// CHECK-NEXT:   [[ADDF5:%.*]] = arith.addf [[ARG]], [[MULF13]] : f32
// CHECK-NEXT:   tile.yield [[ADDF5]]
// CHECK-NEXT: }
// CHECK-NEXT: [[ROTATE:%.*]] = tile.rotate [[MAP4]] of %{{.*}} {dim = 8 : i64, head_dim = 16 : i64, position_scale = 2.500000e-01 : f64, theta = 1.000000e+04 : f64} : !tile.tile<1x32>
// CHECK-NEXT: tile.store [[ROTATE]], @buffer.residual[%{{.*}}, %{{.*}}] : !tile.tile<1x32>

graph.layer @activation(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x32xf32> {
  %t = graph.param @table : !graph.weight<64x32, q8_0>
  %h = graph.embed %tok, %t : !graph.weight<64x32, q8_0>
  %a = graph.activation %h silu : tensor<?x32xf32>
  %b = graph.activation %a relu : tensor<?x32xf32>
  %c = graph.activation %b relu_squared : tensor<?x32xf32>
  graph.return %c : tensor<?x32xf32>
}

// CHECK-LABEL: tile.phase @activation.embed.m1
// CHECK:      [[EMBED:%.*]] = tile.embed
// CHECK-NEXT: [[MAP:%.*]] = tile.map([[EMBED]] : !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[NEGF:%.*]] = arith.negf [[ARG]] : f32
// CHECK-NEXT:   [[EXP:%.*]] = math.exp [[NEGF]] : f32
// CHECK-NEXT:   [[CST:%.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   [[ADDF:%.*]] = arith.addf [[CST]], [[EXP]] : f32
// CHECK-NEXT:   [[DIVF:%.*]] = arith.divf [[ARG]], [[ADDF]] : f32
// CHECK-NEXT:   tile.yield [[DIVF]]
// CHECK-NEXT: }
// CHECK-NEXT: [[MAP2:%.*]] = tile.map([[MAP]] : !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[CST:%.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   [[MAX:%.*]] = arith.maxnumf [[ARG]], [[CST]] : f32
// CHECK-NEXT:   tile.yield [[MAX]]
// CHECK-NEXT: }
// CHECK-NEXT: [[MAP3:%.*]] = tile.map([[MAP2]] : !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[CST:%.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   [[MAX:%.*]] = arith.maxnumf [[ARG]], [[CST]] : f32
// CHECK-NEXT:   [[MULF:%.*]] = arith.mulf [[MAX]], [[MAX]] : f32
// CHECK-NEXT:   tile.yield [[MULF]]
// CHECK-NEXT: }
// CHECK-NEXT: tile.store [[MAP3]], @buffer.residual[%{{.*}}, %{{.*}}] : !tile.tile<1x32>

graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<1>) -> tensor<?x64xf32> {
  %t = graph.param @table : !graph.weight<64x32, q8_0>
  %b = graph.param @scores : !graph.weight<64, f32>
  %x = graph.embed %tok, %t {scale = 8.0} : !graph.weight<64x32, q8_0>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@rms, 0, 1>] : tensor<?x32xf32>, !kv.caches<1>
  %l = graph.logits %y, %t bias %b {scale = 0.5, softcap = 32.0} : tensor<?x32xf32>, !graph.weight<64x32, q8_0>, !graph.weight<64, f32>
  graph.return %l : tensor<?x64xf32>
}

// CHECK-LABEL: tile.phase @forward.embed.m1
// CHECK:      [[EMBED:%.*]] = tile.embed @pack.table[%{{.*}}] valid %{{.*}} : !tile.tile<1x32>
// CHECK-NEXT: [[MAP:%.*]] = tile.map([[EMBED]] : !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[CST:%.*]] = arith.constant 8.000000e+00 : f32
// CHECK-NEXT:   [[MULF:%.*]] = arith.mulf [[ARG]], [[CST]] : f32
// CHECK-NEXT:   tile.yield [[MULF]]
// CHECK-NEXT: }
// CHECK-NEXT: tile.store [[MAP]], @buffer.residual[%{{.*}}, %{{.*}}] : !tile.tile<1x32>

// CHECK-LABEL: tile.phase @forward.logits.m1
// CHECK:      [[PRODUCT:%.*]] = tile.product %{{.*}}, %{{.*}} : !tile.tile<1x32>, !tile.matrix<32x32, q8_0, p16> -> !tile.tile<1x32>
// CHECK-NEXT: [[MAP:%.*]] = tile.map([[PRODUCT]] : !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[CST:%.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   [[MULF:%.*]] = arith.mulf [[ARG]], [[CST]] : f32
// CHECK-NEXT:   tile.yield [[MULF]]
// CHECK-NEXT: }
// CHECK-NEXT: [[VECTOR:%.*]] = tile.vector @pack.scores[%{{.*}}] : !tile.tile<1x32>
// CHECK-NEXT: [[MAP2:%.*]] = tile.map([[MAP]], [[VECTOR]] : !tile.tile<1x32>, !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32, [[ARG2:%.*]]: f32):
// CHECK-NEXT:   [[ADDF:%.*]] = arith.addf [[ARG]], [[ARG2]] : f32
// CHECK-NEXT:   tile.yield [[ADDF]]
// CHECK-NEXT: }
// CHECK-NEXT: [[MAP3:%.*]] = tile.map([[MAP2]] : !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK-NEXT: ^bb0([[ARG:%.*]]: f32):
// CHECK-NEXT:   [[CST2:%.*]] = arith.constant 3.125000e-02 : f32
// CHECK-NEXT:   [[MULF2:%.*]] = arith.mulf [[ARG]], [[CST2]] : f32
// CHECK-NEXT:   [[TANH:%.*]] = math.tanh [[MULF2]] : f32
// CHECK-NEXT:   [[CST_3:%.*]] = arith.constant 3.200000e+01 : f32
// CHECK-NEXT:   [[MULF3:%.*]] = arith.mulf [[TANH]], [[CST_3]] : f32
// CHECK-NEXT:   tile.yield [[MULF3]]
// CHECK-NEXT: }
// CHECK-NEXT: tile.store [[MAP3]], @buffer.forward.logits[%{{.*}}, %{{.*}}] : !tile.tile<1x32>

}
