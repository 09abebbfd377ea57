// RUN: %frit-opt --split-input-file --verify-diagnostics %s

graph.func @product_depth(%x: !tile.tile<6x32>, %w: !tile.matrix<32x64, q4_1, p16>) {
  // expected-error @+1 {{expected 64 columns of the left side, but got 32}}
  %0 = tile.product %x, %w : !tile.tile<6x32>, !tile.matrix<32x64, q4_1, p16> -> !tile.tile<6x32>
  graph.return
}

// -----

graph.func @product_rows(%x: !tile.tile<6x64>, %w: !tile.matrix<32x64, q4_1, p16>) {
  // expected-error @+1 {{expected a result of 6 x 32, but got '!tile.tile<5x32>'}}
  %0 = tile.product %x, %w : !tile.tile<6x64>, !tile.matrix<32x64, q4_1, p16> -> !tile.tile<5x32>
  graph.return
}

// -----

graph.func @product_columns(%x: !tile.tile<6x64>, %w: !tile.matrix<32x64, q4_1, p16>) {
  // expected-error @+1 {{expected a result of 6 x 32, but got '!tile.tile<6x64>'}}
  %0 = tile.product %x, %w : !tile.tile<6x64>, !tile.matrix<32x64, q4_1, p16> -> !tile.tile<6x64>
  graph.return
}

// -----

graph.func @product_accumulator(%x: !tile.tile<6x64>, %w: !tile.matrix<32x64, q4_1, p16>, %acc: !tile.tile<1x32>) {
  // expected-error @+1 {{expected an accumulator of type '!tile.tile<6x32>', but got '!tile.tile<1x32>'}}
  %0 = tile.product %x, %w into %acc : !tile.tile<6x64>, !tile.matrix<32x64, q4_1, p16> into !tile.tile<1x32> -> !tile.tile<6x32>
  graph.return
}

// -----

graph.func @product_without_instruction(%q: !tile.qtile<6x64, block = 32>, %w: !tile.matrix<32x64, q4_1, p16>) {
  // expected-error @+1 {{expected an instruction for an int8 product}}
  %0 = tile.product %q, %w : !tile.qtile<6x64, block = 32>, !tile.matrix<32x64, q4_1, p16> -> !tile.tile<6x32>
  graph.return
}

// -----

graph.func @product_with_instruction(%x: !tile.tile<6x64>, %w: !tile.matrix<32x64, q4_1, p16>) {
  // expected-error @+1 {{expected no instruction for an f32 product}}
  %0 = tile.product %x, %w instruction "dot4.512" : !tile.tile<6x64>, !tile.matrix<32x64, q4_1, p16> -> !tile.tile<6x32>
  graph.return
}

// -----

graph.func @product_of_floats(%q: !tile.qtile<6x64, block = 32>, %w: !tile.matrix<32x64, f16, p16>) {
  // expected-error @+1 {{expected a quantized matrix for an int8 product, but got '!tile.matrix<32x64, f16, p16>'}}
  %0 = tile.product %q, %w instruction "dot4.512" : !tile.qtile<6x64, block = 32>, !tile.matrix<32x64, f16, p16> -> !tile.tile<6x32>
  graph.return
}

// -----

graph.func @product_block(%q: !tile.qtile<6x64, block = 64>, %w: !tile.matrix<32x64, q4_1, p16>) {
  // expected-error @+1 {{expected activation blocks of 32, but got 64}}
  %0 = tile.product %q, %w instruction "dot4.512" : !tile.qtile<6x64, block = 64>, !tile.matrix<32x64, q4_1, p16> -> !tile.tile<6x32>
  graph.return
}

// -----

graph.func @map_rows(%x: !tile.tile<5x64>) {
  // expected-error @+1 {{expected inputs of the result's shape or 1 along a dimension, but got '!tile.tile<5x64>' for '!tile.tile<6x64>'}}
  %0 = tile.map(%x : !tile.tile<5x64>) -> !tile.tile<6x64> {
  ^bb0(%a: f32):
    tile.yield %a
  }
  graph.return
}

// -----

graph.func @map_columns(%x: !tile.tile<6x32>) {
  // expected-error @+1 {{expected inputs of the result's shape or 1 along a dimension, but got '!tile.tile<6x32>' for '!tile.tile<6x64>'}}
  %0 = tile.map(%x : !tile.tile<6x32>) -> !tile.tile<6x64> {
  ^bb0(%a: f32):
    tile.yield %a
  }
  graph.return
}

// -----

graph.func @map_arguments(%x: !tile.tile<6x64>) {
  // expected-error @+1 {{expected a region with one f32 argument an input}}
  %0 = tile.map(%x, %x : !tile.tile<6x64>, !tile.tile<6x64>) -> !tile.tile<6x64> {
  ^bb0(%a: f32):
    tile.yield %a
  }
  graph.return
}

// -----

graph.func @map_argument_type(%x: !tile.tile<6x64>) {
  // expected-error @+1 {{expected a region with one f32 argument an input}}
  %0 = tile.map(%x : !tile.tile<6x64>) -> !tile.tile<6x64> {
  ^bb0(%a: f64):
    %b = arith.truncf %a : f64 to f32
    tile.yield %b
  }
  graph.return
}

// -----

graph.func @map_terminator(%x: !tile.tile<6x64>) {
  // expected-error @+1 {{expected a region that ends in tile.yield}}
  %0 = tile.map(%x : !tile.tile<6x64>) -> !tile.tile<6x64> {
  ^bb0(%a: f32):
    ub.unreachable
  }
  graph.return
}

// -----

graph.func @reduce_columns(%x: !tile.tile<6x64>) {
  // expected-error @+1 {{expected a result of 6 x 1, but got '!tile.tile<6x2>'}}
  %0 = tile.reduce add %x : !tile.tile<6x64> -> !tile.tile<6x2>
  graph.return
}

// -----

graph.func @reduce_rows(%x: !tile.tile<6x64>) {
  // expected-error @+1 {{expected a result of 6 x 1, but got '!tile.tile<1x1>'}}
  %0 = tile.reduce max %x : !tile.tile<6x64> -> !tile.tile<1x1>
  graph.return
}

// -----

graph.func @quantize_shape(%x: !tile.tile<6x64>) {
  // expected-error @+1 {{expected a result of the input's shape, but got '!tile.qtile<6x32, block = 32>' for '!tile.tile<6x64>'}}
  %0 = tile.quantize %x : !tile.tile<6x64> -> !tile.qtile<6x32, block = 32>
  graph.return
}

// -----

graph.func @rows_too_many(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected at most 6 rows of '!tile.tile<6x64>', but got '!tile.tile<7x64>'}}
  %0 = tile.rows %x[%i] : !tile.tile<6x64> -> !tile.tile<7x64>
  graph.return
}

// -----

graph.func @rows_columns(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected at most 6 rows of '!tile.tile<6x64>', but got '!tile.tile<3x32>'}}
  %0 = tile.rows %x[%i] : !tile.tile<6x64> -> !tile.tile<3x32>
  graph.return
}

// -----

graph.func @rows_kind(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected at most 6 rows of '!tile.tile<6x64>', but got '!tile.qtile<3x64, block = 32>'}}
  %0 = tile.rows %x[%i] : !tile.tile<6x64> -> !tile.qtile<3x64, block = 32>
  graph.return
}

// -----

graph.func @rows_block(%q: !tile.qtile<6x64, block = 32>, %i: index) {
  // expected-error @+1 {{expected at most 6 rows of '!tile.qtile<6x64, block = 32>', but got '!tile.qtile<3x64, block = 64>'}}
  %0 = tile.rows %q[%i] : !tile.qtile<6x64, block = 32> -> !tile.qtile<3x64, block = 64>
  graph.return
}

// -----

graph.func @reshape_elements(%x: !tile.tile<6x64>) {
  // expected-error @+1 {{expected as many elements as '!tile.tile<6x64>', but got '!tile.tile<6x32>'}}
  %0 = tile.reshape %x : !tile.tile<6x64> -> !tile.tile<6x32>
  graph.return
}

// -----

graph.func @rotate_heads(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected columns in whole heads of 48, but got 64}}
  %0 = tile.rotate %x of %i {head_dim = 48, dim = 48, theta = 1.0e5} : !tile.tile<6x64>
  graph.return
}

// -----

graph.func @rotate_empty_head(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected columns in whole heads of 0, but got 64}}
  %0 = tile.rotate %x of %i {head_dim = 0, dim = 0, theta = 1.0e5} : !tile.tile<6x64>
  graph.return
}

// -----

graph.func @rotate_too_much(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected an even number of rotated elements up to 32, but got 34}}
  %0 = tile.rotate %x of %i {head_dim = 32, dim = 34, theta = 1.0e5} : !tile.tile<6x64>
  graph.return
}

// -----

graph.func @rotate_odd(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected an even number of rotated elements up to 32, but got 31}}
  %0 = tile.rotate %x of %i {head_dim = 32, dim = 31, theta = 1.0e5} : !tile.tile<6x64>
  graph.return
}

// -----

graph.func @rotate_nothing(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected an even number of rotated elements up to 32, but got 0}}
  %0 = tile.rotate %x of %i {head_dim = 32, dim = 0, theta = 1.0e5} : !tile.tile<6x64>
  graph.return
}

// -----

graph.func @rotate_theta(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected a finite theta above 0, but got 0.000000e+00 : f64}}
  %0 = tile.rotate %x of %i {head_dim = 32, dim = 32, theta = 0.0} : !tile.tile<6x64>
  graph.return
}

// -----

graph.func @mask_heads(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected rows in whole groups of 4 heads, but got 6}}
  %0 = tile.mask %x of %i keys %i heads 4 : !tile.tile<6x64>
  graph.return
}

// -----

graph.func @mask_without_heads(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected rows in whole groups of 0 heads, but got 6}}
  %0 = tile.mask %x of %i keys %i heads 0 : !tile.tile<6x64>
  graph.return
}

// -----

graph.func @mask_window(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{attribute 'window' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 2147483647}}
  %0 = tile.mask %x of %i keys %i heads 3 window -1 : !tile.tile<6x64>
  graph.return
}

// -----

graph.func @rotate_infinite_theta(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected a finite theta above 0, but got 0x7FF0000000000000 : f64}}
  %r = tile.rotate %x of %i {head_dim = 64, dim = 64, theta = 0x7FF0000000000000 : f64} : !tile.tile<6x64>
  graph.return
}

// -----

graph.func @rotate_position_scale(%x: !tile.tile<6x64>, %i: index) {
  // expected-error @+1 {{expected a finite position_scale, but got 0x7FF8000000000000 : f64}}
  %r = tile.rotate %x of %i {head_dim = 64, dim = 64, theta = 1.0e5, position_scale = 0x7FF8000000000000 : f64} : !tile.tile<6x64>
  graph.return
}
