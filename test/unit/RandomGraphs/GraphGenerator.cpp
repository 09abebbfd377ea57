//===- GraphGenerator.cpp - random graphs that are like transformers --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/RandomGraphs/GraphGenerator.h"

#include "frit/Formats/Formats.h"
#include "llvm/ADT/StringRef.h"

#include <cmath>
#include <cstring>

using namespace frit;
using namespace frit::test;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// Elements of the region of a format, and of the largest weight.
static constexpr int64_t regionElements = 40960, largestWeight = 16384;
/// Weights begin at multiples of so many elements: whole blocks.
static constexpr int64_t offsetElements = 256;

/// The last is of norms: numbers about 1.
static constexpr const char *formats[] = {"f32",  "f16",  "bf16", "q8_0",   "q4_0",
                                          "q4_1", "q5_0", "q5_1", "iq4_nl", "norm"};

static const FormatInfo &infoOf(const std::string &format) {
  return formatInfo(*formatByName(format == "norm" ? "f32" : format));
}

static int64_t regionOf(const std::string &format) {
  int64_t begin = 0;
  for (const char *other : formats) {
    if (format == other)
      return begin;
    begin += infoOf(other).rowBytes(regionElements);
  }
  return begin;
}

std::string test::weightsFile() {
  std::string bytes;
  std::mt19937_64 random(1);
  auto uniform = [&] { return static_cast<float>(below(random, 1 << 20)) / (1 << 19) - 1; };
  for (const char *format : formats) {
    const FormatInfo &info = infoOf(format);
    std::string region(static_cast<size_t>(info.rowBytes(regionElements)), 0);
    auto *to = reinterpret_cast<uint8_t *>(region.data());
    if (info.isFloat()) {
      std::vector<float> values;
      for (int64_t i = 0; i < regionElements; ++i)
        values.push_back(std::strcmp(format, "norm") == 0 ? 1 + uniform() / 2 : uniform() / 4);
      quantizeRow(info.format, values.data(), regionElements, to);
    } else {
      for (int64_t i = 0; i < info.rowBytes(regionElements); ++i)
        to[i] = static_cast<uint8_t>(random());
      // Scale and minimum stand first. Of the largest code about 1 / 4.
      int largest = info.maxLevel();
      for (int64_t block = 0; block < regionElements / info.blockElements; ++block) {
        uint16_t scale = floatToHalf((1 + uniform() / 4) / static_cast<float>(4 * largest));
        std::memcpy(to + block * info.blockBytes, &scale, sizeof(scale));
        uint16_t minimum = floatToHalf(-0.125F * (1 + uniform() / 4));
        if (info.hasMin)
          std::memcpy(to + block * info.blockBytes + sizeof(scale), &minimum, sizeof(minimum));
      }
    }
    bytes += region;
  }
  return bytes;
}

//===----------------------------------------------------------------------===//
// Making
//===----------------------------------------------------------------------===//

namespace {
class Generator {
public:
  explicit Generator(uint64_t seed) : random(seed * 0x9e3779b97f4a7c15 + 1) { graph.seed = seed; }

  Graph run();

private:
  int64_t pick(std::initializer_list<int64_t> list) {
    return list.begin()[below(random, static_cast<int64_t>(list.size()))];
  }
  bool chance(int64_t percent) { return below(random, 100) < percent; }
  Graph::Weight weight(const std::string &shape, int64_t elements, const std::string &format);
  Graph::Weight matrix(int64_t rows, int64_t columns, int64_t experts = 0);
  Graph::Weight vectorOf(int64_t columns, bool isNorm);
  int add(Graph::Op op) {
    graph.ops.push_back(std::move(op));
    return static_cast<int>(graph.ops.size());
  }
  int linear(int input, int64_t rows);
  int norm(int input, int64_t group = 0);
  int maybeNorm(int input, int64_t percent) { return chance(percent) ? norm(input) : input; }
  int residual(int stream, int branch);
  std::string activation();
  int attention(int input);
  int feedForward(int input);
  int experts(int input);
  /// Any value of so many columns: the last ones more often.
  int anyOf(int64_t columns);

  std::mt19937_64 random;
  Graph graph;
};
} // namespace

Graph::Weight Generator::weight(const std::string &shape, int64_t elements,
                                const std::string &format) {
  Graph::Weight result;
  bool isNorm = format == "norm";
  result.type = shape + ", " + (isNorm ? "f32" : format);
  result.format = format;
  result.isNorm = isNorm;
  int64_t offsets = (regionElements - elements) / offsetElements;
  result.offset = infoOf(format).rowBytes(below(random, offsets) * offsetElements);
  return result;
}

Graph::Weight Generator::matrix(int64_t rows, int64_t columns, int64_t experts) {
  int64_t all = columns % 32 ? 3 : 9; // whole blocks
  std::string format = formats[chance(50) ? below(random, all) : all == 3 ? 0 : 3];
  std::string shape = std::to_string(rows) + "x" + std::to_string(columns);
  if (experts)
    shape = std::to_string(experts) + "x" + shape;
  return weight(shape, rows * columns * std::max<int64_t>(experts, 1), format);
}

Graph::Weight Generator::vectorOf(int64_t columns, bool isNorm) {
  return weight(std::to_string(columns), columns, isNorm ? "norm" : "f32");
}

int Generator::linear(int input, int64_t rows) {
  Graph::Op op{"graph.linear", {input}, {matrix(rows, graph.columnsOf(input))}, "", rows};
  if (chance(25))
    op.weights.push_back(vectorOf(rows, false));
  return add(std::move(op));
}

int Generator::norm(int input, int64_t group) {
  int64_t columns = graph.columnsOf(input);
  Graph::Op op{"graph.norm", {input}, {vectorOf(group ? group : columns, true)}, "", columns};
  bool isLayer = chance(25);
  if (isLayer && chance(50))
    op.weights.push_back(vectorOf(group ? group : columns, false));
  // Numbers that f32 has: otherwise a difference would be one of rounding.
  op.words = "{eps = 9.765625e-04 : f64";
  if (isLayer)
    op.words += ", kind = #graph.norm_kind<layer>";
  if (chance(15))
    op.words += ", offset = 1.0 : f64";
  if (group)
    op.words += ", group = " + std::to_string(group) + " : i64";
  op.words += "}";
  return add(std::move(op));
}

int Generator::residual(int stream, int branch) {
  return add({"graph.residual",
              {stream, branch},
              {},
              chance(25) ? "{scale = 0.375 : f64}" : "",
              graph.columnsOf(stream)});
}

std::string Generator::activation() {
  static constexpr const char *names[] = {"silu", "gelu", "gelu_tanh", "relu", "relu_squared"};
  return names[below(random, 5)];
}

int Generator::attention(int input) {
  int64_t group = pick({1, 1, 2, 3, 4}), heads = group * graph.heads;
  int normed = maybeNorm(input, 75);
  // Keys and values may come from elsewhere than the queries.
  int source = chance(85) ? normed : maybeNorm(anyOf(graph.hidden), 50);
  int query = linear(normed, heads * graph.keyDim);
  int keys = linear(source, graph.heads * graph.keyDim);
  int values = linear(source, graph.heads * graph.valueDim);
  if (chance(30)) {
    query = norm(query, chance(80) ? graph.keyDim : 0);
    keys = norm(keys, chance(80) ? graph.keyDim : 0);
  }
  if (chance(15) && graph.valueDim == graph.keyDim)
    values = norm(values, graph.keyDim);
  if (chance(75)) {
    int64_t dim = chance(75) ? graph.keyDim : graph.keyDim / 2;
    std::string words = "halves {dim = " + std::to_string(dim) +
                        " : i64, head_dim = " + std::to_string(graph.keyDim) +
                        " : i64, theta = 1024.0 : f64}";
    query = add({"graph.rope", {query}, {}, words, graph.columnsOf(query)});
    keys = add({"graph.rope", {keys}, {}, words, graph.columnsOf(keys)});
  }
  add({"kv.append", {keys, values}, {}, "", 0});
  std::string words = "heads " + std::to_string(heads) + " over " + std::to_string(graph.heads) +
                      " {mask = #graph.mask<causal>, scale = 0.25 : f64";
  if (graph.window)
    words += ", window = " + std::to_string(graph.window) + " : i64";
  if (chance(20))
    words += ", softcap = 4.0 : f64";
  int result = add({"graph.attention", {query}, {}, words + "}", heads * graph.valueDim});
  if (chance(10))
    result = norm(result);
  if (graph.columnsOf(result) == graph.hidden && chance(10))
    return result;
  return linear(result, graph.hidden);
}

int Generator::feedForward(int input) {
  int normed = maybeNorm(input, 75);
  int64_t columns = pick({32, 48, 64, 96, 20, 33});
  int up = linear(normed, columns), inner = 0;
  if (chance(30)) {
    inner = add({"graph.activation", {up}, {}, activation(), columns});
  } else {
    int other = chance(85) ? normed : anyOf(graph.hidden);
    int gate = linear(other, columns);
    inner = add({"graph.glu", {gate, up}, {}, activation(), columns});
  }
  inner = maybeNorm(inner, 10);
  return linear(inner, graph.hidden);
}

int Generator::experts(int input) {
  int64_t count = pick({3, 4, 5, 8}), top = pick({1, 2, 3}), columns = pick({32, 32, 64, 48});
  if (count * columns * graph.hidden > largestWeight)
    count = 3;
  int normed = maybeNorm(input, 75);
  int scores = linear(normed, count);
  Graph::Op route{"graph.route", {scores}, {}, "top " + std::to_string(top) + " {", 2 * top};
  if (chance(30))
    route.weights.push_back(vectorOf(count, false));
  route.words += chance(30) ? "scoring = #graph.scoring<sigmoid>" : "scale = 1.0 : f64";
  route.words += chance(50) ? ", normalize}" : "}";
  int routes = add(std::move(route));
  auto each = [&] {
    return add({"graph.experts",
                {normed, routes},
                {matrix(columns, graph.hidden, count)},
                "each",
                top * columns});
  };
  int up = each();
  int inner = chance(70) ? add({"graph.glu", {each(), up}, {}, activation(), top * columns})
                         : add({"graph.activation", {up}, {}, activation(), top * columns});
  return add({"graph.experts",
              {inner, routes},
              {matrix(graph.hidden, columns, count)},
              "sum",
              graph.hidden});
}

int Generator::anyOf(int64_t columns) {
  std::vector<int> list;
  for (int value = 0; value <= static_cast<int>(graph.ops.size()); ++value)
    if (graph.columnsOf(value) == columns)
      list.push_back(value);
  if (chance(50))
    return list.back();
  return list[static_cast<size_t>(below(random, static_cast<int64_t>(list.size())))];
}

Graph Generator::run() {
  graph.hidden = pick({32, 32, 64, 64, 96, 48, 36, 20});
  graph.vocabulary = pick({32, 50, 64});
  graph.layers = chance(40) ? 2 : 1;
  graph.heads = pick({1, 1, 2, 3});
  graph.keyDim = pick({16, 16, 32});
  graph.valueDim = chance(85) ? graph.keyDim : 48 - graph.keyDim;
  graph.window = chance(20) ? 3 : 0;
  int64_t blocks = 1 + below(random, 3);
  bool hasAttention = false;
  int stream = 0;
  for (int64_t block = 0; block < blocks; ++block) {
    // What it reads: mostly what the block before it left; otherwise anything, as beside it.
    int input = chance(70) ? stream : anyOf(graph.hidden);
    int branch = 0;
    int64_t kind = below(random, 10);
    if (kind < 4 && !hasAttention) {
      branch = attention(input);
      hasAttention = true;
    } else if (kind < 8) {
      branch = feedForward(input);
    } else {
      branch = experts(input);
    }
    branch = maybeNorm(branch, 20);
    if (chance(10))
      branch = add({"graph.activation", {branch}, {}, activation(), graph.hidden});
    stream = chance(90) ? residual(chance(80) ? stream : anyOf(graph.hidden), branch) : branch;
    if (chance(10))
      stream = residual(stream, anyOf(graph.hidden));
    stream = maybeNorm(stream, 15);
  }
  graph.output = stream;
  graph.table = matrix(graph.vocabulary, graph.hidden);
  graph.finalNorm = vectorOf(graph.hidden, true);
  graph.head = matrix(graph.vocabulary, graph.hidden);
  graph.hasFinalNorm = chance(80);
  graph.normsFirst = chance(25);
  graph.finalWords = chance(25) ? "{softcap = 2.0 : f64}" : "";
  graph.prune();
  return std::move(graph);
}

Graph test::makeGraph(uint64_t seed) { return Generator(seed).run(); }

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string tensor(int64_t columns) {
  return "tensor<?x" + std::to_string(columns) + "xf32>";
}

static std::string place(const Graph::Weight &weight) {
  return std::to_string(regionOf(weight.format) + weight.offset);
}

std::string Graph::text(const std::string &file) const {
  std::string cache = "!kv.cache<" + std::to_string(heads) + "x" + std::to_string(keyDim);
  if (valueDim != keyDim)
    cache += ", value_dim = " + std::to_string(valueDim);
  if (window)
    cache += ", window = " + std::to_string(window);
  cache += ">";
  std::string columns, params, body;
  int number = 0;
  for (size_t i = 0; i < ops.size(); ++i) {
    const Op &op = ops[i];
    std::string types, operands;
    auto operand = [&](const std::string &name, const std::string &type) {
      operands += (operands.empty() ? "" : ", ") + name;
      types += (types.empty() ? "" : ", ") + type;
    };
    if (op.name == "kv.append")
      operand("%kv", cache);
    for (int value : op.operands)
      operand("%" + std::to_string(value), tensor(columnsOf(value)));
    if (op.name == "graph.attention") {
      operands += " cache %kv, %tok";
      types += ", " + cache + ", !graph.tokens";
    }
    for (size_t w = 0; w < op.weights.size(); ++w) {
      std::string name = "w" + std::to_string(number++);
      std::string type = "!graph.weight<" + op.weights[w].type + ">";
      std::string offset = place(op.weights[w]);
      columns += "  graph.column @" + name + " : " + type + " at [@f0], [" + offset;
      if (layers == 2)
        columns += ", " + std::to_string(std::stoll(offset) +
                                         infoOf(op.weights[w].format).rowBytes(offsetElements));
      columns += "]\n";
      params += "  %" + name + " = graph.param @block::@" + name + "[%i] : " + type + "\n";
      bool isBias = op.name == "graph.route" || w == 1;
      operands += (isBias ? " bias %" : ", %") + name;
      types += ", " + type;
    }
    if (op.name == "graph.rope" || op.name == "kv.append")
      operands += ", %tok";
    if (op.name == "kv.append")
      types += ", !graph.tokens";
    if (op.name == "graph.residual" || op.name == "graph.glu")
      types = tensor(columnsOf(op.operands[0]));
    if (op.name == "graph.rope")
      types = tensor(op.columns);
    body += "  " + (op.columns ? "%" + std::to_string(i + 1) + " = " : "") + op.name + " " +
            operands + " " + op.words + " : " + types + "\n";
  }
  std::string stream = tensor(hidden), scores = tensor(vocabulary);
  std::string text =
      "module attributes {frit.arch = \"random\", frit.context_length = 128 : i64, "
      "frit.hidden = " +
      std::to_string(hidden) + " : i64, frit.layers = " + std::to_string(layers) +
      " : i64, frit.model = \"random\", frit.vocabulary = " + std::to_string(vocabulary) +
      " : i64} {\n";
  text += "graph.file @f0 \"" + file + "\"\n";
  auto weight = [&](const char *name, const Weight &weight) {
    text += std::string("graph.weight @") + name + " : !graph.weight<" + weight.type +
            "> at @f0, " + place(weight) + "\n";
    return std::string("  %") + name + " = graph.param @" + name + " : !graph.weight<" +
           weight.type + ">\n";
  };
  std::string outside = weight("table", table);
  if (hasFinalNorm)
    outside += weight("norm", finalNorm);
  outside += weight("head", head);
  text += "graph.weights @block[" + std::to_string(layers) + "] {\n" + columns + "}\n";
  text += "graph.layer @decoder(%0: " + stream + ", %tok: !graph.tokens, %kv: " + cache +
          ", %i: index) -> " + stream + " {\n" + params + body + "  graph.return %" +
          std::to_string(output) + " : " + stream + "\n}\n";
  std::string count = std::to_string(layers);
  text += "graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<" + count + ">) -> " + scores +
          " {\n" + outside + "  %e = graph.embed %tok, %table : !graph.weight<" + table.type +
          ">\n  %r = graph.repeat %e, %tok, %kv [#graph.segment<@decoder, 0, " + count +
          ">] : " + stream + ", !kv.caches<" + count + ">\n";
  std::string last = "%r";
  auto norm = [&] {
    if (hasFinalNorm)
      text += "  %n = graph.norm " + last + ", %norm {eps = 9.765625e-04 : f64} : " + stream +
              ", !graph.weight<" + finalNorm.type + ">\n";
    last = hasFinalNorm ? "%n" : last;
  };
  if (normsFirst)
    norm();
  text += "  %s = graph.select " + last + ", %tok : " + stream + "\n";
  last = "%s";
  if (!normsFirst)
    norm();
  text += "  %l = graph.logits " + last + ", %head " + finalWords + " : " + stream +
          ", !graph.weight<" + head.type + ">\n  graph.return %l : " + scores + "\n}\n}\n";
  return text;
}

//===----------------------------------------------------------------------===//
// Making smaller
//===----------------------------------------------------------------------===//

void Graph::prune() {
  std::vector<bool> isLive(ops.size() + 1);
  isLive[output] = true;
  // Attention needs what is appended in front of it.
  bool hasAttention = false;
  for (size_t i = ops.size(); i-- > 0;) {
    if (ops[i].name == "kv.append")
      isLive[i + 1] = hasAttention;
    if (!isLive[i + 1])
      continue;
    hasAttention |= ops[i].name == "graph.attention";
    for (int operand : ops[i].operands)
      isLive[operand] = true;
  }
  std::vector<Op> kept;
  std::vector<int> numbers(ops.size() + 1);
  for (size_t i = 0; i < ops.size(); ++i) {
    if (!isLive[i + 1])
      continue;
    for (int &operand : ops[i].operands)
      operand = numbers[operand];
    kept.push_back(std::move(ops[i]));
    numbers[i + 1] = static_cast<int>(kept.size());
  }
  output = numbers[output];
  ops = std::move(kept);
}

std::vector<Graph> Graph::smaller() const {
  std::vector<Graph> result;
  auto add = [&](Graph graph) {
    graph.prune();
    result.push_back(std::move(graph));
  };
  // Whatever an op computes, something that was there before may take its place.
  for (size_t i = ops.size(); i-- > 0;)
    for (int other = 0; other <= static_cast<int>(i); ++other)
      if (ops[i].columns && columnsOf(other) == ops[i].columns) {
        Graph next = *this;
        for (Op &op : next.ops)
          for (int &operand : op.operands)
            operand = operand == static_cast<int>(i + 1) ? other : operand;
        next.output = output == static_cast<int>(i + 1) ? other : output;
        add(std::move(next));
        break;
      }
  for (size_t i = 0; i < ops.size(); ++i)
    for (size_t w = 0; w < ops[i].weights.size(); ++w) {
      Graph next = *this;
      Weight &weight = next.ops[i].weights[w];
      if (w == 1) {
        next.ops[i].weights.pop_back();
        add(std::move(next));
      } else if (!weight.isNorm && weight.format != "f32") {
        weight.type = weight.type.substr(0, weight.type.find(',')) + ", f32";
        weight.format = "f32";
        weight.offset = 0;
        add(std::move(next));
      }
    }
  if (layers == 2) {
    result.push_back(*this);
    result.back().layers = 1;
  }
  if (hasFinalNorm) {
    result.push_back(*this);
    result.back().hasFinalNorm = false;
  }
  if (normsFirst) {
    result.push_back(*this);
    result.back().normsFirst = false;
  }
  if (!finalWords.empty()) {
    result.push_back(*this);
    result.back().finalWords.clear();
  }
  return result;
}
