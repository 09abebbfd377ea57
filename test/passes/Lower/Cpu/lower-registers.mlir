// RUN: %frit-opt %s --split-input-file --pass-pipeline="builtin.module(frit-lower-tiles-to-cpu)" | FileCheck %s
// A micro-kernel holds as many sums as the registers allow: tokens times vectors of 16 rows.

#target = #machine.target<"t", triple = "t", cpu = "c", features = ["fma"], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module @many_wide attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<64x8, f32> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 8]
kernel.reference @r() {
  kernel.yield
}
// 6 tokens x 2 vectors, then the seventh token.
// CHECK-LABEL: module @many_wide
// CHECK-LABEL: func.func @frit_phase_tokens
// CHECK:         %{{.*}}:12 = scf.for
// CHECK:         scf.yield
// CHECK:         %{{.*}}:2 = scf.for
// CHECK:         scf.yield
// CHECK-NOT:     iter_args
// CHECK:         return
tile.phase @tokens reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x8>
  %w = tile.weights @p[%c0] : !tile.matrix<64x8, f32, p16>
  %y = tile.product %x, %w : !tile.tile<7x8>, !tile.matrix<64x8, f32, p16> -> !tile.tile<7x64>
}
// One token reads its weights in one stream.
// CHECK-LABEL: func.func @frit_phase_token
// CHECK:         %{{.*}} = scf.for %{{.*}} iter_args(%{{.*}} = %{{.*}}) -> (vector<16xf32>) {
// CHECK-NOT:     iter_args
// CHECK:         return
tile.phase @token reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x8>
  %w = tile.weights @p[%c0] : !tile.matrix<64x8, f32, p16>
  %y = tile.product %x, %w : !tile.tile<1x8>, !tile.matrix<64x8, f32, p16> -> !tile.tile<1x64>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = ["fma"], vector_bytes = 32, vector_registers = 16, instructions = [], memories = []>
module @few_narrow attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<64x8, f32> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 8]
kernel.reference @r() {
  kernel.yield
}
// 4 tokens x 2 vectors of 8, then the other three.
// CHECK-LABEL: module @few_narrow
// CHECK:         %{{.*}}:8 = scf.for
// CHECK:         scf.yield
// CHECK:         %{{.*}}:6 = scf.for
// CHECK:         scf.yield
// CHECK-NOT:     iter_args
// CHECK:         return
tile.phase @tokens reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x8>
  %w = tile.weights @p[%c0] : !tile.matrix<64x8, f32, p16>
  %y = tile.product %x, %w : !tile.tile<7x8>, !tile.matrix<64x8, f32, p16> -> !tile.tile<7x64>
}
}
