// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s

graph.file @f0 "model.gguf"
graph.weight @table : !graph.weight<64x64, q8_0> at @f0, 0
graph.weight @norm : !graph.weight<64, f32> at @f0, 0
tile.buffer @x[tokens, 64]
tile.buffer @y[wanted, 64]
tile.buffer @q[tokens, 64] int8 by 32
tile.pack @pack.table of [@table] order p16
tile.pack @pack.norm of [@norm] order vector
kernel.reference @r() {
  kernel.yield
}

// CHECK-LABEL: tile.phase @sizes
tile.phase @sizes reference @r bucket 6 {
  // CHECK: %[[N:.*]] = tile.count tokens
  %n = tile.count tokens
  // CHECK: %{{.*}} = tile.count wanted
  %w = tile.count wanted
  // CHECK: %{{.*}}, %{{.*}}, %{{.*}} = tile.shares %[[N]]
  %lo, %hi, %step = tile.shares %n
  // CHECK: %{{.*}}, %{{.*}}, %{{.*}} = tile.shares %[[N]] cyclic
  %lo1, %hi1, %step1 = tile.shares %n cyclic
  // CHECK: %{{.*}}, %{{.*}} = tile.key_range %[[N]], 6 block 64
  %lo2, %hi2 = tile.key_range %n, 6 block 64
  // CHECK: %{{.*}}, %{{.*}} = tile.key_range %[[N]], 4096 block 1 window 2147483647
  %lo3, %hi3 = tile.key_range %n, 4096 block 1 window 2147483647
}

// CHECK-LABEL: tile.phase @buffers
tile.phase @buffers reference @r bucket 6 {
  %t = tile.count tokens
  %c = arith.constant 0 : index
  // CHECK: %[[A:.*]] = tile.load @x[%[[T:.*]], %[[C:.*]]] : !tile.tile<6x64>
  %a = tile.load @x[%t, %c] : !tile.tile<6x64>
  // CHECK: tile.load @x[%[[T]], %[[C]]] valid %[[T]] : !tile.tile<6x32>
  %b = tile.load @x[%t, %c] valid %t : !tile.tile<6x32>
  // CHECK: tile.load @x[%[[T]], %[[C]]] valid %[[T]] wanted : !tile.tile<6x64>
  %d = tile.load @x[%t, %c] valid %t wanted : !tile.tile<6x64>
  // CHECK: tile.load @x[%[[T]], %[[C]]] wanted : !tile.tile<1x64>
  %e = tile.load @x[%t, %c] wanted : !tile.tile<1x64>
  // CHECK: tile.store %[[A]], @y[%[[T]], %[[C]]] : !tile.tile<6x64>
  tile.store %a, @y[%t, %c] : !tile.tile<6x64>
  // CHECK: %[[Q:.*]] = tile.load @q[%[[T]], %[[C]]] valid %[[T]] : !tile.qtile<6x64, block = 32>
  %q = tile.load @q[%t, %c] valid %t : !tile.qtile<6x64, block = 32>
  // CHECK: tile.store %[[Q]], @q[%[[T]], %[[C]]] : !tile.qtile<6x64, block = 32>
  tile.store %q, @q[%t, %c] : !tile.qtile<6x64, block = 32>
}

// CHECK-LABEL: tile.phase @packs
tile.phase @packs reference @r bucket 6 {
  %t = tile.count tokens
  // CHECK: tile.vector @pack.norm[%[[T:.*]]] : !tile.tile<1x64>
  %a = tile.vector @pack.norm[%t] : !tile.tile<1x64>
  // CHECK: tile.embed @pack.table[%[[T]]] : !tile.tile<6x64>
  %b = tile.embed @pack.table[%t] : !tile.tile<6x64>
  // CHECK: tile.embed @pack.table[%[[T]]] valid %[[T]] : !tile.tile<6x64>
  %c = tile.embed @pack.table[%t] valid %t : !tile.tile<6x64>
  // CHECK: tile.weights @pack.table[%[[T]]] : !tile.matrix<32x64, q8_0, p16>
  %d = tile.weights @pack.table[%t] : !tile.matrix<32x64, q8_0, p16>
}

// CHECK-LABEL: tile.phase @caches
tile.phase @caches reference @r bucket 6 cache !kv.cache<1x64, k = <f16>, v = <f32>> {
  %t = tile.count tokens
  %c = arith.constant 0 : index
  // CHECK: tile.cache keys[%[[C:.*]], %[[T:.*]]] of %[[T]] : !tile.matrix<64x64, f16, p16>
  %k = tile.cache keys[%c, %t] of %t : !tile.matrix<64x64, f16, p16>
  // CHECK: tile.cache values[%[[C]], %[[T]]] of %[[T]] : !tile.matrix<64x64, f32, columns>
  %v = tile.cache values[%c, %t] of %t : !tile.matrix<64x64, f32, columns>
  // CHECK: %[[X:.*]] = tile.load
  %x = tile.load @x[%t, %c] : !tile.tile<6x64>
  // CHECK: tile.append keys %[[X]][%[[C]]] of %[[T]] : !tile.tile<6x64>
  tile.append keys %x[%c] of %t : !tile.tile<6x64>
  // CHECK: tile.append values %[[X]][%[[C]]] of %[[T]] : !tile.tile<6x64>
  tile.append values %x[%c] of %t : !tile.tile<6x64>
}
