// RUN: %frit-opt %s --split-input-file --pass-pipeline="builtin.module(frit-lower-tiles-to-cpu)" | FileCheck %s
// Vectors have the machine's width; halves and fused products use instructions where the machine has them.

#target = #machine.target<"t", triple = "t", cpu = "c", features = ["fma", "f16c"], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module @all attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x8, f16> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 16]
kernel.reference @r() {
  kernel.yield
}
// CHECK-LABEL: module @all
// CHECK-LABEL: func.func @frit_phase_product
// CHECK:         %[[BITS:.*]] = llvm.load %{{.*}} {alignment = 2 : i64} : !llvm.ptr -> vector<16xi16>
// CHECK-NEXT:    %[[HALF:.*]] = arith.bitcast %[[BITS]] : vector<16xi16> to vector<16xf16>
// CHECK-NEXT:    %[[W:.*]] = arith.extf %[[HALF]] : vector<16xf16> to vector<16xf32>
// CHECK:         math.fma %[[W]], %{{.*}}, %{{.*}} : vector<16xf32>
// CHECK-NOT:     arith.mulf
// CHECK:         return
tile.phase @product reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x8>
  %w = tile.weights @p[%c0] : !tile.matrix<16x8, f16, p16>
  %y = tile.product %x, %w : !tile.tile<1x8>, !tile.matrix<16x8, f16, p16> -> !tile.tile<1x16>
}
// CHECK-LABEL: func.func @frit_phase_append
// CHECK:         %[[X:.*]] = llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<16xf32>
// CHECK-NEXT:    %[[HALF:.*]] = arith.truncf %[[X]] : vector<16xf32> to vector<16xf16>
// CHECK-NEXT:    arith.bitcast %[[HALF]] : vector<16xf16> to vector<16xi16>
tile.phase @append reference @r bucket 1 cache !kv.cache<1x16, k = <f16>, v = <f16>> {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x16>
  tile.append values %x[%c0] of %c0 : !tile.tile<1x16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 32, vector_registers = 16, instructions = [], memories = []>
module @none attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x8, f16> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 16]
kernel.reference @r() {
  kernel.yield
}
// CHECK-LABEL: module @none
// CHECK-LABEL: func.func @frit_phase_product
// CHECK-NOT:     vector<{{[0-9]+}}xf16>
// CHECK-NOT:     math.fma
// CHECK:         llvm.load %{{.*}} {alignment = 2 : i64} : !llvm.ptr -> vector<8xi16>
// CHECK-NOT:     vector<{{[0-9]+}}xf16>
// CHECK-NOT:     math.fma
// CHECK:         arith.addf %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK-NOT:     vector<{{[0-9]+}}xf16>
// CHECK-NOT:     math.fma
// CHECK:         return
tile.phase @product reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x8>
  %w = tile.weights @p[%c0] : !tile.matrix<16x8, f16, p16>
  %y = tile.product %x, %w : !tile.tile<1x8>, !tile.matrix<16x8, f16, p16> -> !tile.tile<1x16>
}
// CHECK-LABEL: func.func @frit_phase_append
// CHECK-NOT:     arith.truncf
// CHECK:         arith.trunci %{{.*}} : vector<8xi32> to vector<8xi16>
// CHECK-NOT:     arith.truncf
// CHECK:         return
tile.phase @append reference @r bucket 1 cache !kv.cache<1x16, k = <f16>, v = <f16>> {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x16>
  tile.append values %x[%c0] of %c0 : !tile.tile<1x16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = ["fma"], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module @narrow attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x8, f32> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 16]
kernel.reference @r() {
  kernel.yield
}
// A group of 16 rows is 4 vectors, of 4 columns at a time.
// CHECK-LABEL: module @narrow
// CHECK-LABEL: func.func @frit_phase_product
// CHECK:          %[[S:.*]]:4 = scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{.*}} iter_args({{.*}}) -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>) {
// CHECK-COUNT-16: math.fma %{{.*}}, %{{.*}}, %{{.*}} : vector<4xf32>
// CHECK-NOT:      math.fma
// CHECK:          scf.yield
// CHECK:          llvm.store %[[S]]#0, %{{.*}} {alignment = 4 : i64} : vector<4xf32>, !llvm.ptr
// CHECK:          llvm.store %[[S]]#3, %{{.*}} {alignment = 4 : i64} : vector<4xf32>, !llvm.ptr
tile.phase @product reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x8>
  %w = tile.weights @p[%c0] : !tile.matrix<16x8, f32, p16>
  %y = tile.product %x, %w : !tile.tile<1x8>, !tile.matrix<16x8, f32, p16> -> !tile.tile<1x16>
}

// Sums of a row do not depend on anything but its shape: vectors in order, then a tree of lanes, then the tail.
// CHECK-LABEL: func.func @frit_phase_reduce
// CHECK:         %[[V:.*]] = scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%{{.*}} = %{{.*}}) -> (vector<4xf32>) {
// CHECK:         %[[LOW:.*]] = vector.shuffle %[[V]], %[[V]] [0, 1] : vector<4xf32>, vector<4xf32>
// CHECK-NEXT:    %[[HIGH:.*]] = vector.shuffle %[[V]], %[[V]] [2, 3] : vector<4xf32>, vector<4xf32>
// CHECK-NEXT:    %[[TWO:.*]] = arith.addf %[[LOW]], %[[HIGH]] : vector<2xf32>
// CHECK-NEXT:    %[[A:.*]] = vector.shuffle %[[TWO]], %[[TWO]] [0] : vector<2xf32>, vector<2xf32>
// CHECK-NEXT:    %[[B:.*]] = vector.shuffle %[[TWO]], %[[TWO]] [1] : vector<2xf32>, vector<2xf32>
// CHECK-NEXT:    %[[ONE:.*]] = arith.addf %[[A]], %[[B]] : vector<1xf32>
// CHECK-NEXT:    %[[SUM:.*]] = vector.extract %[[ONE]][0] : f32 from vector<1xf32>
// CHECK:         %[[LAST:.*]] = llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> f32
// CHECK-NEXT:    arith.addf %[[SUM]], %[[LAST]] : f32
tile.phase @reduce reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x9>
  %y = tile.reduce add %x : !tile.tile<1x9> -> !tile.tile<1x1>
}
// Rows that do not count are left out.
// CHECK-LABEL: func.func @frit_phase_valid
// CHECK:         %[[AT:.*]] = llvm.getelementptr %arg0[8] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK-NEXT:    %[[TOKENS:.*]] = llvm.load %[[AT]]
// CHECK-NEXT:    %[[N:.*]] = arith.index_cast %[[TOKENS]] : i64 to index
// CHECK:         scf.for %{{.*}} = %{{.*}} to %[[N]] step
tile.phase @valid reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %n = tile.count tokens
  %x = tile.load @x[%c0, %c0] valid %n : !tile.tile<4x9>
  %y = tile.reduce add %x : !tile.tile<4x9> -> !tile.tile<4x1>
}
}

// -----

// Levels are looked up by byte shuffles where the machine has them, and else by comparisons.
#target = #machine.target<"t", triple = "t", cpu = "c", features = ["avx2"], vector_bytes = 32, vector_registers = 16, instructions = [], memories = []>
module @shuffle attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x32, iq4_nl> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 32]
kernel.reference @r() {
  kernel.yield
}
// CHECK-LABEL: module @shuffle
// CHECK:         llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
tile.phase @product reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x32>
  %w = tile.weights @p[%c0] : !tile.matrix<16x32, iq4_nl, p16>
  %y = tile.product %x, %w : !tile.tile<1x32>, !tile.matrix<16x32, iq4_nl, p16> -> !tile.tile<1x16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 32, vector_registers = 16, instructions = [], memories = []>
module @compare attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x32, iq4_nl> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 32]
kernel.reference @r() {
  kernel.yield
}
// CHECK-LABEL: module @compare
// CHECK-NOT:     pshuf
// CHECK:         arith.cmpi eq, %{{.*}}, %{{.*}} : vector<32xi8>
// CHECK-NOT:     pshuf
tile.phase @product reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x32>
  %w = tile.weights @p[%c0] : !tile.matrix<16x32, iq4_nl, p16>
  %y = tile.product %x, %w : !tile.tile<1x32>, !tile.matrix<16x32, iq4_nl, p16> -> !tile.tile<1x16>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = ["avx512f"], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module @compare512 attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<16x32, iq4_nl> at @f0, 0
tile.pack @p of [@w] order p16
tile.buffer @x[tokens, 32]
kernel.reference @r() {
  kernel.yield
}
// CHECK-LABEL: module @compare512
// CHECK-NOT:     pshuf
// CHECK:         arith.cmpi eq, %{{.*}}, %{{.*}} : vector<64xi8>
// CHECK-NOT:     pshuf
tile.phase @product reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x32>
  %w = tile.weights @p[%c0] : !tile.matrix<16x32, iq4_nl, p16>
  %y = tile.product %x, %w : !tile.tile<1x32>, !tile.matrix<16x32, iq4_nl, p16> -> !tile.tile<1x16>
}
}
