// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-lower-tiles-to-cpu)" | FileCheck %s --implicit-check-not=tile.count --implicit-check-not=tile.load --implicit-check-not=tile.map --implicit-check-not=tile.yield --implicit-check-not=tile.store --implicit-check-not=tile.rotate --implicit-check-not=tile.vector --implicit-check-not=tile.weights --implicit-check-not=tile.product
// A phase becomes a function of the runtime's interface; the module says what the runtime must provide.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
// Tiles of 2 x 32, 2 x 32 and 2 x 32 elements are the most any phase keeps; equal rotations
// share a table.
// CHECK:      module attributes {
// CHECK-SAME:   frit.rope_tables = [{dim = 16 : i64, position_scale = 1.000000e+00 : f64, theta = 1.000000e+05 : f64}, {dim = 8 : i64, position_scale = 5.000000e-01 : f64, theta = 1.000000e+04 : f64}, {dim = 16 : i64, position_scale = 1.000000e+00 : f64, theta = 1.000000e+04 : f64}, {dim = 16 : i64, position_scale = 5.000000e-01 : f64, theta = 1.000000e+05 : f64}],
// CHECK-SAME:   frit.scratch_bytes = 768 : i64
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
tile.pack @pack.w of [@w] order p16
tile.pack @pack.n of [@n] order vector
// CHECK:      tile.buffer @x[tokens, 32]
tile.buffer @x[tokens, 32]
// CHECK-NEXT: tile.buffer @y[tokens, 32]
tile.buffer @y[tokens, 32]
// CHECK-NEXT: kernel.reference @"decoder.ffn-1.reference"()
kernel.reference @"decoder.ffn-1.reference"() {
  kernel.yield
}

// Packs are listed in the order of their first use. The phase keeps its name and loses its body.
// CHECK:      func.func @frit_phase_decoder_ffn_1_m2(%[[CTX:.*]]: !llvm.ptr, %[[TABLE:.*]]: !llvm.ptr, %[[WORKER:.*]]: i32, %[[WORKERS:.*]]: i32)
// CHECK-SAME:   attributes {frit.packs = [@pack.n, @pack.w], frit.phase = "decoder.ffn-1.m2"} {
// CHECK:        return
// CHECK-NEXT: }
// CHECK-NEXT: tile.phase @"decoder.ffn-1.m2" reference @"decoder.ffn-1.reference" bucket 2 {
// CHECK-NEXT: }
tile.phase @"decoder.ffn-1.m2" reference @"decoder.ffn-1.reference" bucket 2 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<2x32>
  %n = tile.vector @pack.n[%c0] : !tile.tile<1x32>
  %w = tile.weights @pack.w[%c0] : !tile.matrix<32x32, f32, p16>
  %y = tile.product %x, %w : !tile.tile<2x32>, !tile.matrix<32x32, f32, p16> -> !tile.tile<2x32>
  %v = tile.weights @pack.w[%c0] : !tile.matrix<16x32, f32, p16>
  %z = tile.map(%y, %n : !tile.tile<2x32>, !tile.tile<1x32>) -> !tile.tile<2x32> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.mulf %a, %b : f32
    tile.yield %c
  }
  %r = tile.rotate %z of %c0 {head_dim = 16, dim = 16, theta = 1.0e5} : !tile.tile<2x32>
  tile.store %r, @y[%c0, %c0] : !tile.tile<2x32>
}

// CHECK:      func.func @frit_phase_rotations(
// CHECK-SAME:   attributes {frit.packs = [], frit.phase = "rotations"} {
tile.phase @rotations reference @"decoder.ffn-1.reference" bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x32>
  %r = tile.rotate %x of %c0 {head_dim = 16, dim = 8, theta = 1.0e4, position_scale = 0.5} : !tile.tile<1x32>
  %s = tile.rotate %r of %c0 {head_dim = 32, dim = 16, theta = 1.0e5} : !tile.tile<1x32>
  %t = tile.rotate %s of %c0 {head_dim = 32, dim = 16, theta = 1.0e4} : !tile.tile<1x32>
  %u = tile.rotate %t of %c0 {head_dim = 32, dim = 16, theta = 1.0e5, position_scale = 0.5} : !tile.tile<1x32>
  tile.store %u, @y[%c0, %c0] : !tile.tile<1x32>
}

// CHECK:      tile.program @decode max_tokens 1 logits @y {
// CHECK-NEXT:   tile.run @rotations
tile.program @decode max_tokens 1 logits @y {
  tile.run @rotations
}
}
