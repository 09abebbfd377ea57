// RUN: %frit-opt %s --split-input-file --pass-pipeline="builtin.module(frit-lower-tiles-to-cpu)" | FileCheck %s
// Every matrix instruction of the table sums a block with its own code, on vectors of its own width.

#target = #machine.target<"t", triple = "t", cpu = "c", features = ["fma", "f16c"], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module @vnni_512 attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x32, q4_0> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 32]
kernel.reference @r() {
  kernel.yield
}
// 4 vectors of codes are 8 of columns: low nibbles, then high ones. What happens once needs no loop.
// CHECK-LABEL: module @vnni_512
// CHECK-NOT:     scf.for
// CHECK-COUNT-4: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<64xi8>
// CHECK-NOT:     llvm.load %{{.*}} -> vector<64xi8>
// CHECK-NOT:     scf.for
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.*}}, %{{.*}}, %{{.*}}) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
// CHECK-NOT:     llvm.call_intrinsic
// CHECK-NOT:     scf.for
// CHECK:         arith.sitofp %{{.*}} : vector<16xi32> to vector<16xf32>
tile.phase @product reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x32>
  %q = tile.quantize %x : !tile.tile<1x32> -> !tile.qtile<1x32, block = 32>
  %w = tile.weights @p[%c0] : !tile.matrix<16x32, q4_0, p16>
  %y = tile.product %q, %w instruction "vpdpbusd.512" : !tile.qtile<1x32, block = 32>, !tile.matrix<16x32, q4_0, p16> -> !tile.tile<1x16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = ["fma", "f16c"], vector_bytes = 32, vector_registers = 16, instructions = [], memories = []>
module @vnni_256 attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x32, q8_0> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 32]
kernel.reference @r() {
  kernel.yield
}
// A group of 16 rows takes two vectors: 8 quads of columns each.
// CHECK-LABEL: module @vnni_256
// CHECK-COUNT-16: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<32xi8>
// CHECK-COUNT-16: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"(%{{.*}}, %{{.*}}, %{{.*}}) : (vector<8xi32>, vector<32xi8>, vector<32xi8>) -> vector<8xi32>
// CHECK-NOT:      llvm.call_intrinsic
// CHECK:          return
tile.phase @product reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x32>
  %q = tile.quantize %x : !tile.tile<1x32> -> !tile.qtile<1x32, block = 32>
  %w = tile.weights @p[%c0] : !tile.matrix<16x32, q8_0, p16>
  %y = tile.product %q, %w instruction "vpdpbusd.256" : !tile.qtile<1x32, block = 32>, !tile.matrix<16x32, q8_0, p16> -> !tile.tile<1x16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = ["fma", "f16c"], vector_bytes = 32, vector_registers = 16, instructions = [], memories = []>
module @avx2_4_bits attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x32, q4_1> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 32]
kernel.reference @r() {
  kernel.yield
}
// All 8 quads fit i16 and are widened at once.
// CHECK-LABEL: module @avx2_4_bits
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"(%{{.*}}, %{{.*}}) : (vector<32xi8>, vector<32xi8>) -> vector<16xi16>
// CHECK-NOT:     pmadd.ub.sw
// CHECK:         llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%{{.*}}, %{{.*}}) : (vector<16xi16>, vector<16xi16>) -> vector<8xi32>
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// CHECK-NOT:     pmadd.ub.sw
// CHECK:         llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT:     llvm.call_intrinsic
// CHECK:         return
tile.phase @product reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x32>
  %q = tile.quantize %x : !tile.tile<1x32> -> !tile.qtile<1x32, block = 32>
  %w = tile.weights @p[%c0] : !tile.matrix<16x32, q4_1, p16>
  %y = tile.product %q, %w instruction "vpmaddubsw.256" : !tile.qtile<1x32, block = 32>, !tile.matrix<16x32, q4_1, p16> -> !tile.tile<1x16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = ["fma", "f16c"], vector_bytes = 32, vector_registers = 16, instructions = [], memories = []>
module @avx2_8_bits attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x32, q8_0> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 32]
kernel.reference @r() {
  kernel.yield
}
// 8-bit codes would saturate: a plane of high nibbles, times 16, and one of low nibbles.
// CHECK-LABEL: module @avx2_8_bits
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// CHECK-NOT:     pmadd.ub.sw
// CHECK:         %[[HIGH:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NEXT:    arith.shli %[[HIGH]], %{{.*}} : vector<8xi32>
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// CHECK-NOT:     pmadd.ub.sw
// CHECK:         llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
tile.phase @product reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x32>
  %q = tile.quantize %x : !tile.tile<1x32> -> !tile.qtile<1x32, block = 32>
  %w = tile.weights @p[%c0] : !tile.matrix<16x32, q8_0, p16>
  %y = tile.product %q, %w instruction "vpmaddubsw.256" : !tile.qtile<1x32, block = 32>, !tile.matrix<16x32, q8_0, p16> -> !tile.tile<1x16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module @portable attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x32, q8_0> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 32]
kernel.reference @r() {
  kernel.yield
}
// Nothing of a certain machine: 32 products in each of 4 vectors.
// CHECK-LABEL: module @portable
// CHECK-NOT:       x86
// CHECK-NOT:       llvm.call_intrinsic
// CHECK-COUNT-128: arith.muli %{{.*}}, %{{.*}} : vector<4xi32>
// CHECK-NOT:       arith.muli %{{.*}}, %{{.*}} : vector<4xi32>
// CHECK-NOT:       x86
// CHECK-NOT:       llvm.call_intrinsic
// CHECK:           return
tile.phase @product reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x32>
  %q = tile.quantize %x : !tile.tile<1x32> -> !tile.qtile<1x32, block = 32>
  %w = tile.weights @p[%c0] : !tile.matrix<16x32, q8_0, p16>
  %y = tile.product %q, %w instruction "portable.128" : !tile.qtile<1x32, block = 32>, !tile.matrix<16x32, q8_0, p16> -> !tile.tile<1x16>
}
}
