//===- DescriptionTest.cpp - descriptions of machines from JSON ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Machine/MachineDescription.h"
#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"

using namespace frit;
using namespace frit::machine;
using llvm::StringRef;

/// A small description; the @-marks are places for changes.
static const char *const small = R"json({
  "name": "small", "summary": "a test", "kind": "npu" @top,
  "sources": {"book": "A book about machines" @sources},
  "clock_hz": {"value": 2e9, "provenance": "vendor", "source": "book" @clock},
  "exp_per_cycle": {"value": 32, "scope": "unit", "provenance": "measured", "source": "a run" @exp},
  "memories": [
    {"name": "a", "scope": "core", "bytes": {"value": 65536, "provenance": "vendor", "source": "book"} @memory},
    {"name": "b", "scope": "die"} @memories
  ],
  "datapaths": [
    {"from": "a", "to": "b", "on_the_way": ["relu", "convert"], "source": "book",
     "efficiency": {"by_bytes": [[64, 0.5], [128, 1] @pairs], "provenance": "measured", "source": "a run" @efficiency} @datapath} @datapaths
  ],
  "instructions": [
    {"name": "mma", "m": 16, "n": 8, "k": 32, "lhs": "i8", "rhs": "i8", "acc": "i32", "source": "book",
     "per_cycle": {"value": 0.5, "scope": "core", "provenance": "derived", "source": "a sum"} @instruction} @instructions
  ],
  "claims": [{"says": "it flies", "source": "a friend", "why": "it has no wings" @claim}]
})json";

/// `text` with `change` at a mark and nothing at the others.
static std::string with(StringRef mark = "", StringRef change = "") {
  std::string result;
  StringRef rest = small;
  while (!rest.empty()) {
    auto [before, after] = rest.split('@');
    result += before;
    StringRef name = after.take_while(llvm::isAlpha);
    if (!name.empty() && name == mark)
      result += change;
    rest = after.drop_front(name.size());
  }
  return result;
}

static std::string with(StringRef mark, StringRef change, StringRef from, StringRef to) {
  std::string text = with(mark, change);
  size_t place = text.find(from.str());
  EXPECT_NE(place, std::string::npos) << from.str();
  return text.replace(place, from.size(), to.str());
}

static std::optional<StringRef> findNone(StringRef) { return std::nullopt; }

static MachineDescription parsed(StringRef text, FindDescription find = findNone) {
  Result<MachineDescription> description = parseDescription(text, "m.json", find);
  EXPECT_TRUE(static_cast<bool>(description)) << (description ? "" : description.error());
  return description ? *description : MachineDescription();
}

static std::string errorOf(StringRef text, FindDescription find = findNone) {
  Result<MachineDescription> description = parseDescription(text, "m.json", find);
  return description ? "nothing" : description.error();
}

static void expectError(StringRef text, StringRef expected) {
  EXPECT_EQ(errorOf(text), ("m.json: " + expected).str());
}

TEST(Description, SaysAllThatIsInTheFile) {
  MachineDescription machine = parsed(with());
  EXPECT_EQ(machine.name, "small");
  EXPECT_EQ(machine.summary, "a test");
  EXPECT_EQ(machine.kind, "npu");
  EXPECT_EQ(machine.backEnd, "");
  ASSERT_EQ(machine.figures.size(), 2u);
  const Statement *clock = machine.find(FigureId::Clock);
  ASSERT_TRUE(clock);
  EXPECT_EQ(clock->value, 2e9);
  EXPECT_EQ(clock->provenance, Provenance::Vendor);
  EXPECT_EQ(clock->source, "A book about machines");
  const Statement *exp = machine.find(FigureId::ExpRate);
  ASSERT_TRUE(exp);
  EXPECT_TRUE(exp->perCycle);
  EXPECT_EQ(exp->scope, Scope::Unit);
  EXPECT_EQ(exp->source, "a run");
  EXPECT_EQ(machine.rateOf(*exp), (Rate{64e9, Scope::Unit}));
  EXPECT_FALSE(machine.find(FigureId::Cores));
  ASSERT_EQ(machine.memories.size(), 2u);
  EXPECT_EQ(machine.memories[0].bytes->value, 65536);
  EXPECT_FALSE(machine.memories[0].alignment);
  EXPECT_EQ(machine.memories[1].scope, Scope::Die);
  EXPECT_FALSE(machine.memories[1].bytes);
  ASSERT_EQ(machine.datapaths.size(), 1u);
  EXPECT_EQ(machine.datapaths[0].onTheWay, bitOf(OnTheWay::Relu) | bitOf(OnTheWay::Convert));
  EXPECT_FALSE(machine.datapaths[0].bytes);
  EXPECT_EQ(machine.datapaths[0].efficiency,
            (std::vector<std::pair<int64_t, double>>{{64, 0.5}, {128, 1}}));
  ASSERT_EQ(machine.instructions.size(), 1u);
  EXPECT_FALSE(machine.instructions[0].sparse);
  // Half an instruction per cycle of 16 x 8 x 32 multiplications and as many additions.
  EXPECT_EQ(machine.rateOf(machine.instructions[0]), (Rate{8192e9, Scope::Core}));
  ASSERT_EQ(machine.claims.size(), 1u);
  EXPECT_EQ(machine.claims[0].says + machine.claims[0].source + machine.claims[0].why,
            "it fliesa friendit has no wings");
}

TEST(Description, OthersHaveTheUnitAndScopeOfTheFigure) {
  MachineDescription machine = parsed(with(
      "exp",
      R"(, "others": [{"value": 16, "provenance": "claimed", "source": "book", "note": "n"}])"));
  const Statement *exp = machine.find(FigureId::ExpRate);
  ASSERT_EQ(exp->others.size(), 1u);
  EXPECT_EQ(machine.rateOf(exp->others[0]), (Rate{32e9, Scope::Unit}));
  EXPECT_EQ(exp->others[0].source, "A book about machines");
  EXPECT_EQ(exp->others[0].note, "n");
  expectError(
      with(
          "exp",
          R"(, "others": [{"value": 16, "scope": "core", "provenance": "claimed", "source": "book"}])"),
      "exp_per_cycle.others[0]: unknown key 'scope'; known are value, provenance, source, note");
}

//===----------------------------------------------------------------------===//
// What is refused
//===----------------------------------------------------------------------===//

TEST(Description, RefusesWhatIsNoDescription) {
  expectError("[]", "expected an object");
  expectError("{}", "name: is missing");
  EXPECT_TRUE(StringRef(errorOf("")).starts_with("m.json: "));
  EXPECT_TRUE(StringRef(errorOf("{\"name\": NaN}")).starts_with("m.json: "));
  expectError(std::string(100'000, '['), "expected at most 32 levels of nesting");
  EXPECT_EQ(StringRef(errorOf("{\"a\n\x01\": 1}")).count('\n'), 0u);
  expectError(with("top", R"(, "color": "red")"),
              "unknown key 'color'; known are $schema, name, summary, kind, back_end, triple, cpu, "
              "features, host, sources, dies, clusters, cores, matrix_units_per_core, "
              "vector_units_per_core, clock_hz, vector_bytes, vector_registers, "
              "f32_ops_per_second, f32_ops_per_cycle, f16_ops_per_second, f16_ops_per_cycle, "
              "exp_per_second, exp_per_cycle, barrier_seconds, launch_seconds, "
              "link_bytes_per_second, link_bytes_per_cycle, power_watts, memories, datapaths, "
              "instructions, notes, claims");
}

TEST(Description, RefusesKeysThatAreThereTwice) {
  expectError(with("top", R"(, "name": "other")"), "expected key 'name' once, found it twice");
  expectError(with("top", R"(, "\u006eame": "other")"), "expected key 'name' once, found it twice");
  expectError(with("clock", R"(, "value": 1)"), "expected key 'value' once, found it twice");
  // The same key in two objects, and as a value.
  parsed(with("top", R"(, "notes": ["name", "name", "a, \"name\": {"])"));
}

TEST(Description, RefusesFiguresThatAreNone) {
  auto clock = [](StringRef value) {
    return with("", "", R"("value": 2e9)", ("\"value\": " + value).str());
  };
  for (StringRef value : {"0", "-1", "1e13", "1e999", "\"2e9\"", "null", "[]"})
    EXPECT_NE(errorOf(clock(value)), "nothing") << value.str();
  expectError(clock("0"), "clock_hz.value: expected a number above 0, at most 1e12");
  expectError(with("", "", R"("clock_hz": {"value": 2e9, )", R"("clock_hz": {)"),
              "clock_hz.value: is missing");
  expectError(with("top", R"(, "cores": 8)"), "cores: expected an object");
  auto figure = [](StringRef key, StringRef value) {
    return with("top", (", \"" + key + "\": {\"value\": " + value +
                        R"(, "provenance": "vendor", "source": "book"})")
                           .str());
  };
  expectError(figure("cores", "1.5"), "cores.value: expected a whole number from 1 to 1e9");
  expectError(figure("cores", "2e9"), "cores.value: expected a whole number from 1 to 1e9");
  expectError(figure("vector_bytes", "0"),
              "vector_bytes.value: expected a whole number of bytes from 1 to 1e18");
  expectError(figure("barrier_seconds", "0"),
              "barrier_seconds.value: expected a number of seconds above 0, at most 1e6");
  expectError(figure("power_watts", "0"),
              "power_watts.value: expected a number of watts above 0, at most 1e9");
  expectError(figure("f32_ops_per_second", "1"), "f32_ops_per_second.scope: is missing");
  expectError(figure("cores", R"(1, "scope": "core")"),
              "cores: unknown key 'scope'; known are value, provenance, source, note, others");
  expectError(
      with("exp", "", R"("scope": "unit")", R"("scope": "socket")"),
      "exp_per_cycle.scope: expected one of unit, core, cluster, die, machine, found 'socket'");
  expectError(with("", "", "\"value\": 32", "\"value\": 1e25"),
              "exp_per_cycle.value: expected a number above 0, at most 1e24");
  expectError(
      with(
          "top",
          R"(, "exp_per_second": {"value": 1, "scope": "core", "provenance": "vendor", "source": "book"})"),
      "exp_per_cycle: expected either this or exp_per_second");
}

TEST(Description, RefusesFiguresFromNowhere) {
  expectError(with("", "", R"("provenance": "vendor", "source": "book" )", R"("source": "book" )"),
              "clock_hz.provenance: is missing");
  expectError(with("", "", R"("provenance": "vendor")", R"("provenance": "rumoured")"),
              "clock_hz.provenance: expected one of vendor, measured, derived, claimed, assumed, "
              "found 'rumoured'");
  expectError(with("", "", R"(, "source": "book" )", ""), "clock_hz.source: is missing");
  expectError(with("", "", R"("source": "book" )", R"("source": "" )"),
              "clock_hz.source: expected a text");
  expectError(with("", "", R"("source": "book" )", R"("source": "bok" )"),
              "clock_hz.source: expected a source, or a name that sources explains, found 'bok'");
  expectError(with("sources", R"(, "other": 1)"), "sources.other: expected a text");
  expectError(with("", "", R"({"book": "A book about machines" })", "[]"),
              "sources: expected an object");
}

TEST(Description, RefusesPartsThatAreNone) {
  expectError(with("top", R"(, "notes": {})"), "notes: expected a list");
  expectError(with("top", R"(, "notes": [1])"), "notes[0]: expected a text");
  expectError(with(
                  "top", ", \"notes\": [" + std::string(256 * 2, ' ') + "\"\"" +
                             [] {
                               std::string more;
                               for (int i = 0; i < 256; ++i)
                                 more += ",\"\"";
                               return more;
                             }() +
                             "]"),
              "notes: expected at most 256 elements, found 257");
  expectError(with("memories", ", 1"), "memories[2]: expected an object");
  expectError(with("memories", R"(, {"scope": "core"})"), "memories[2].name: is missing");
  expectError(with("memories", R"(, {"name": "c"})"), "memories[2].scope: is missing");
  expectError(with("memories", R"(, {"name": "a", "scope": "core"})"),
              "memories[2]: expected one of each, found a second 'a'");
  expectError(with("memory", R"(, "alignment": 1)"),
              "memories[0]: unknown key 'alignment'; known are name, scope, bytes, "
              "alignment_bytes, serves, bytes_per_second, bytes_per_cycle, note");
  expectError(with("memory", R"(, "serves": ["users"])"),
              "memories[0].serves: expected one of matrix_inputs, matrix_outputs, vectors, found "
              "'users'");
  expectError(with("datapaths", R"(, {"from": "a", "to": "c", "source": "book"})"),
              "datapaths[1].to: expected the name of a memory, found 'c'");
  expectError(with("datapaths", R"(, {"from": "a", "to": "b", "source": "book"})"),
              "datapaths[1]: expected one of each, found a second 'a' to 'b'");
  expectError(with("datapaths", R"(, {"from": "b", "to": "a"})"),
              "datapaths[1].source: is missing");
  expectError(with("", "", R"("relu", )", R"("sort", )"),
              "datapaths[0].on_the_way: expected one of convert, relu, scale, channel_scale, "
              "transpose, relayout, accumulate, multicast, found 'sort'");
  expectError(with("pairs", ", [128, 0.5]"),
              "datapaths[0].efficiency.by_bytes[2]: expected more bytes than before");
  for (StringRef pair : {", [256]", ", 256", ", [256, 0]", ", [256, 1.1]", ", [0.5, 1]"})
    expectError(with("pairs", pair), "datapaths[0].efficiency.by_bytes[2]: expected [bytes, a "
                                     "number above 0, at most 1]");
  expectError(with("", "", "[64, 0.5], [128, 1]", ""),
              "datapaths[0].efficiency.by_bytes: expected at least one [bytes, part]");
  expectError(with("instruction", R"(, "sparsity": "1:4")"),
              "instructions[0].sparsity: expected one of dense, 2:4, found '1:4'");
  expectError(with("", "", R"("k": 32, )", ""),
              "instructions[0].per_cycle: expected m, n and k beside it");
  expectError(with("", "", R"("k": 32, )", R"("k": 0, )"),
              "instructions[0].k: expected a whole number from 1 to 1e9");
  expectError(with("claim", R"(, "color": "red")"),
              "claims[0]: unknown key 'color'; known are says, source, why");
}

TEST(Description, RatesPerCycleNeedAClock) {
  for (StringRef key : {"f32_ops_per_cycle", "exp_per_cycle", "link_bytes_per_cycle"})
    EXPECT_EQ(
        errorOf(R"({"name": "m", "summary": "s", "kind": "cpu", ")" + key.str() +
                R"(": {"value": 1, "scope": "core", "provenance": "vendor", "source": "a b"}})"),
        "m.json: " + key.str() + ": expected clock_hz in a description with a rate per cycle");
  auto clockless = [](StringRef mark, StringRef change) {
    std::string text = with(mark, change);
    for (StringRef line : {"\"clock_hz\"", "\"exp_per_cycle\""}) {
      size_t begin = text.find(line.str());
      text.erase(begin, text.find('\n', begin) - begin);
    }
    return text;
  };
  expectError(clockless("", ""), "instructions[0].per_cycle: expected clock_hz in a description "
                                 "with a rate per cycle");
  expectError(
      clockless(
          "datapath",
          R"(, "bytes_per_cycle": {"value": 1, "scope": "core", "provenance": "vendor", "source": "book"})"),
      "datapaths[0].bytes_per_cycle: expected clock_hz in a description with a rate per cycle");
}

TEST(Description, MemoriesHaveABandwidth) {
  constexpr const char *rate =
      R"(, "bytes_per_cycle": {"value": 64, "scope": "die", "provenance": "vendor", "source": "book"})";
  MachineDescription machine = parsed(with("memory", rate));
  EXPECT_EQ(machine.rateOf(*machine.memories[0].bandwidth), (Rate{128e9, Scope::Die}));
  EXPECT_FALSE(machine.memories[1].bandwidth);
  EXPECT_EQ(
      errorOf(
          R"({"name": "m", "summary": "s", "kind": "cpu", "memories": [{"name": "a", "scope": "die")" +
          std::string(
              R"(, "bytes_per_cycle": {"value": 64, "scope": "die", "provenance": "vendor", "source": "a b"}}]})")),
      "m.json: memories[0].bytes_per_cycle: expected clock_hz in a description with a rate per "
      "cycle");
}

TEST(Description, BackEndsNeedWhatCodeIsMadeFrom) {
  expectError(with("top", R"(, "back_end": "fpga")"),
              "back_end: expected one of cpu, found 'fpga'");
  expectError(with("top", R"(, "triple": "t")"),
              "expected triple, cpu and features only in a description with a back_end");
  expectError(with("top", R"(, "back_end": "cpu")"),
              "triple: is missing, and back_end cpu needs it");
  expectError(with("top", R"(, "back_end": "cpu", "triple": "t")"),
              "cpu: is missing, and back_end cpu needs it");
  expectError(with("top", R"(, "back_end": "cpu", "triple": "t", "cpu": "c")"),
              "vector_bytes: is missing, and back_end cpu needs it");
}

//===----------------------------------------------------------------------===//
// like
//===----------------------------------------------------------------------===//

static std::optional<StringRef> findKnown(StringRef name) {
  static const std::string base = with();
  if (name == "base")
    return StringRef(base);
  if (name == "loop")
    return StringRef(R"({"name": "loop", "summary": "s", "like": "loop"})");
  if (name == "list")
    return StringRef("[]");
  if (name == "middle")
    return StringRef(R"({
      "name": "middle", "summary": "between", "like": "base", "kind": "gpu",
      "sources": {"page": "A web page"},
      "clock_hz": {"value": 1e9, "provenance": "claimed", "source": "page"},
      "memories": [{"name": "a", "scope": "cluster"}, {"name": "c", "scope": "core"}],
      "notes": ["one"]})");
  return std::nullopt;
}

TEST(Like, ARatePerSecondTakesThePlaceOfOnePerCycle) {
  MachineDescription machine = parsed(R"({
    "name": "top", "summary": "above", "like": "base",
    "exp_per_second": {"value": 5, "scope": "core", "provenance": "vendor", "source": "book"},
    "instructions": [{"name": "mma", "ops_per_second": {"value": 7, "scope": "core", "provenance": "vendor", "source": "book"}}]})",
                                      findKnown);
  EXPECT_EQ(machine.rateOf(*machine.find(FigureId::ExpRate)), (Rate{5, Scope::Core}));
  EXPECT_EQ(machine.rateOf(machine.instructions[0]), (Rate{7, Scope::Core}));
}

TEST(Like, LaysOneOverTheOther) {
  MachineDescription machine = parsed(R"({
    "name": "top", "summary": "above", "like": "middle", "exp_per_cycle": null,
    "memories": [{"name": "b", "bytes": {"value": 8, "provenance": "vendor", "source": "book"}}, {"name": "d", "scope": "core"}],
    "datapaths": [{"from": "a", "to": "b", "on_the_way": null}, {"from": "b", "to": "a", "source": "book"}],
    "instructions": [{"name": "mma", "m": 32}],
    "notes": ["two"]})",
                                      findKnown);
  EXPECT_EQ(machine.name, "top");
  EXPECT_EQ(machine.kind, "gpu");
  EXPECT_EQ(machine.find(FigureId::Clock)->source, "A web page");
  EXPECT_FALSE(machine.find(FigureId::ExpRate));
  std::string memories;
  for (const DescribedMemory &memory : machine.memories)
    memories += memory.name + nameOf(memory.scope).str() + " ";
  EXPECT_EQ(memories, "acluster ccore bdie dcore ");
  EXPECT_EQ(machine.memories[0].bytes->value, 65536);
  EXPECT_EQ(machine.memories[2].bytes->value, 8);
  ASSERT_EQ(machine.datapaths.size(), 2u);
  EXPECT_EQ(machine.datapaths[0].onTheWay, 0u);
  EXPECT_EQ(machine.datapaths[0].efficiency.size(), 2u);
  ASSERT_EQ(machine.instructions.size(), 1u);
  EXPECT_EQ(machine.instructions[0].m, 32);
  EXPECT_EQ(machine.instructions[0].n, 8);
  EXPECT_EQ(machine.notes, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(machine.claims.size(), 1u);
}

TEST(Like, RefusesWhatIsNoDescription) {
  auto like = [](StringRef name) {
    return errorOf((R"({"name": "m", "summary": "s", "like": )" + name + "}").str(), findKnown);
  };
  EXPECT_EQ(like("1"), "m.json: like: expected a text");
  EXPECT_EQ(like("\"x\\n\""),
            "m.json: like: expected the name of a built-in description, but got x\\0A");
  EXPECT_EQ(like("\"loop\""),
            "m.json: like: expected an end of what descriptions are like, but got loop again");
  EXPECT_EQ(like("\"list\""), "m.json: like: expected list to be a JSON object");
}
