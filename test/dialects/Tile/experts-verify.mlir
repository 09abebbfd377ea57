// RUN: %frit-opt --split-input-file --verify-diagnostics %s

// expected-error @+1 {{expected numbers from 1 to 65536, but got 0}}
graph.func @dispatch_zero(%d: !tile.dispatch<tokens = 12, top = 0, experts = 5, step = 3>) { graph.return }

// -----

// expected-error @+1 {{expected at most 5 experts a token, but got 6}}
graph.func @dispatch_top(%d: !tile.dispatch<tokens = 12, top = 6, experts = 5, step = 3>) { graph.return }

// -----

graph.func @top_rows(%p: !tile.tile<12x5>) {
  // expected-error @+1 {{expected a result of 12 rows of numbers and weights of at most 5 columns, but got '!tile.tile<11x4>'}}
  %r = tile.top %p by %p : !tile.tile<12x5> -> !tile.tile<11x4>
  graph.return
}

// -----

graph.func @top_odd(%p: !tile.tile<12x5>) {
  // expected-error @+1 {{expected a result of 12 rows of numbers and weights of at most 5 columns, but got '!tile.tile<12x5>'}}
  %r = tile.top %p by %p : !tile.tile<12x5> -> !tile.tile<12x5>
  graph.return
}

// -----

graph.func @top_many(%p: !tile.tile<12x5>) {
  // expected-error @+1 {{expected a result of 12 rows of numbers and weights of at most 5 columns, but got '!tile.tile<12x12>'}}
  %r = tile.top %p by %p : !tile.tile<12x5> -> !tile.tile<12x12>
  graph.return
}

// -----

graph.func @top_scale(%p: !tile.tile<12x5>) {
  // expected-error @+1 {{expected a finite scale, but got 0x7FF0000000000000 : f64}}
  %r = tile.top %p by %p {scale = 0x7FF0000000000000 : f64} : !tile.tile<12x5> -> !tile.tile<12x4>
  graph.return
}

// -----

graph.func @dispatch_routes(%r: !tile.tile<12x6>, %n: index) {
  // expected-error @+1 {{expected routes of 12 x 4, but got '!tile.tile<12x6>'}}
  %d, %a = tile.dispatch %r valid %n : !tile.tile<12x6> -> !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  graph.return
}

// -----

graph.func @gather_step(%x: !tile.tile<12x16>, %d: !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>, %n: index) {
  // expected-error @+1 {{expected 3 rows, but got '!tile.tile<4x16>'}}
  %g = tile.gather %x of %d[%n] : !tile.tile<12x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> -> !tile.tile<4x16>
  graph.return
}

// -----

graph.func @gather_rows(%x: !tile.tile<13x16>, %d: !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>, %n: index) {
  // expected-error @+1 {{expected rows of '!tile.tile<3x16>', one for each of 12 tokens or of their 2 parts, but got '!tile.tile<13x16>'}}
  %g = tile.gather %x of %d[%n] : !tile.tile<13x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> -> !tile.tile<3x16>
  graph.return
}

// -----

graph.func @gather_columns(%x: !tile.tile<12x32>, %d: !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>, %n: index) {
  // expected-error @+1 {{expected rows of '!tile.tile<3x16>', one for each of 12 tokens or of their 2 parts, but got '!tile.tile<12x32>'}}
  %g = tile.gather %x of %d[%n] : !tile.tile<12x32>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> -> !tile.tile<3x16>
  graph.return
}

// -----

graph.func @gather_elements(%x: !tile.qtile<12x32, block = 32>, %d: !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>, %n: index) {
  // expected-error @+1 {{expected rows of '!tile.tile<3x32>', one for each of 12 tokens or of their 2 parts, but got '!tile.qtile<12x32, block = 32>'}}
  %g = tile.gather %x of %d[%n] : !tile.qtile<12x32, block = 32>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> -> !tile.tile<3x32>
  graph.return
}

// -----

graph.func @scatter_nowhere(%y: !tile.tile<3x16>, %d: !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>, %n: index) {
  // expected-error @+1 {{expected a tile.buffer, but found none called @out}}
  tile.scatter %y, @out[%n] of %d[%n] valid %n : !tile.tile<3x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  graph.return
}

// -----

tile.buffer @out[tokens, 80]
graph.func @scatter_step(%y: !tile.tile<4x16>, %d: !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>, %n: index) {
  // expected-error @+1 {{expected 3 rows, but got '!tile.tile<4x16>'}}
  tile.scatter %y, @out[%n] of %d[%n] valid %n : !tile.tile<4x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  graph.return
}

// -----

tile.buffer @out[tokens, 81]
graph.func @scatter_parts(%y: !tile.tile<3x16>, %d: !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>, %n: index) {
  // expected-error @+1 {{expected 2 parts of as many columns, but @out has 81 columns}}
  tile.scatter %y, @out[%n] of %d[%n] valid %n : !tile.tile<3x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  graph.return
}

// -----

graph.func @combine_step(%y: !tile.tile<4x16>, %s: !tile.tile<12x16>, %d: !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>, %n: index) {
  // expected-error @+1 {{expected 3 rows, but got '!tile.tile<4x16>'}}
  %t = tile.combine %y of %d[%n] valid %n into %s : !tile.tile<4x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> into !tile.tile<12x16>
  graph.return
}

// -----

graph.func @combine_shape(%y: !tile.tile<3x16>, %s: !tile.tile<11x16>, %d: !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>, %n: index) {
  // expected-error @+1 {{expected to add to 12 x 16, but got '!tile.tile<11x16>'}}
  %t = tile.combine %y of %d[%n] valid %n into %s : !tile.tile<3x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> into !tile.tile<11x16>
  graph.return
}

// -----

graph.func @combine_read_again(%y: !tile.tile<3x16>, %s: !tile.tile<12x16>, %d: !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>, %n: index) {
  // expected-error @+1 {{expected no other reader of what it changes in place}}
  %t = tile.combine %y of %d[%n] valid %n into %s : !tile.tile<3x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> into !tile.tile<12x16>
  %u = tile.rows %s[%n] : !tile.tile<12x16> -> !tile.tile<3x16>
  graph.return
}

// -----

graph.func @insert_rows(%y: !tile.tile<13x16>, %s: !tile.tile<12x16>, %n: index) {
  // expected-error @+1 {{expected at most 12 rows of '!tile.tile<12x16>', but got '!tile.tile<13x16>'}}
  %t = tile.insert %y into %s[%n] : !tile.tile<13x16> into !tile.tile<12x16>
  graph.return
}

// -----

graph.func @insert_elements(%y: !tile.qtile<3x32, block = 32>, %s: !tile.tile<12x32>, %n: index) {
  // expected-error @+1 {{expected at most 12 rows of '!tile.tile<12x32>', but got '!tile.qtile<3x32, block = 32>'}}
  %t = tile.insert %y into %s[%n] : !tile.qtile<3x32, block = 32> into !tile.tile<12x32>
  graph.return
}

// -----

graph.func @insert_read_again(%y: !tile.tile<3x16>, %s: !tile.tile<12x16>, %n: index) {
  // expected-error @+1 {{expected no other reader of what it changes in place}}
  %t = tile.insert %y into %s[%n] : !tile.tile<3x16> into !tile.tile<12x16>
  %u = tile.rows %s[%n] : !tile.tile<12x16> -> !tile.tile<3x16>
  graph.return
}

// -----

graph.func @reshape_elements(%y: !tile.qtile<4x32, block = 32>) {
  // expected-error @+1 {{expected as many elements as '!tile.qtile<4x32, block = 32>', but got '!tile.tile<2x64>'}}
  %t = tile.reshape %y : !tile.qtile<4x32, block = 32> -> !tile.tile<2x64>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weight @a : !graph.weight<3x16x32, q8_0> at @f0, 0
graph.weight @b : !graph.weight<4x16x32, q8_0> at @f0, 0
// expected-error @+1 {{expected sources of as many experts, but got '!graph.weight<3x16x32, q8_0>' and '!graph.weight<4x16x32, q8_0>'}}
tile.pack @pack of [@a, @b] by 16 order p16

// -----

// expected-error @+1 {{expected at most 2147483647 places, but got 65536 x 65536 + 65536 x 2}}
graph.func @dispatch_places(%d: !tile.dispatch<tokens = 65536, top = 65536, experts = 65536, step = 3>) { graph.return }

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<3x16x32, f32> at @f0, 0
tile.pack @pack of [@w] order p16
graph.func @embed_of_experts(%i: index) {
  // expected-error @+1 {{expected a pack of one table, but @pack has 1 sources, the first of type '!graph.weight<3x16x32, f32>'}}
  %x = tile.embed @pack[%i] : !tile.tile<1x32>
  graph.return
}

// -----

tile.buffer @out[tokens, 64] int8 by 32
graph.func @scatter_f32(%y: !tile.tile<3x16>, %d: !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>, %n: index) {
  // expected-error @+1 {{expected a tile of int8 in blocks of 32 like @out, but got '!tile.tile<3x16>'}}
  tile.scatter %y, @out[%n] of %d[%n] valid %n : !tile.tile<3x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  graph.return
}

// -----

tile.buffer @out[tokens, 96] int8 by 32
graph.func @scatter_half_blocks(%y: !tile.qtile<3x32, block = 32>, %d: !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>, %n: index) {
  // expected-error @+1 {{expected parts in whole blocks of 32, but got parts of 48 columns}}
  tile.scatter %y, @out[%n] of %d[%n] valid %n : !tile.qtile<3x32, block = 32>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  graph.return
}
