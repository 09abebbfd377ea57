//===- MachineSyntax.cpp - parsers and printers of machine -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Machine/Machine.h"
#include "lib/Support/Number.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace frit;
using namespace frit::machine;

using Delimiter = AsmParser::Delimiter;

//===----------------------------------------------------------------------===//
// Numbers, scopes, rates
//===----------------------------------------------------------------------===//

/// An integer or a number with a point; MLIR reads no exponent without one.
static ParseResult parseNumber(AsmParser &parser, double &number) {
  APInt integer;
  OptionalParseResult parsed = parser.parseOptionalInteger(integer);
  if (!parsed.has_value())
    return parser.parseFloat(number);
  number = integer.signedRoundToDouble();
  return *parsed;
}

static void printNumber(AsmPrinter &printer, double number) {
  constexpr double plain = 1e7;
  if (number == static_cast<double>(static_cast<int64_t>(std::min(number, plain)))) {
    printer << static_cast<int64_t>(number);
    return;
  }
  std::string text = formatNumber(number);
  size_t exponent = std::min(text.find('e'), text.size());
  if (text.find('.') == std::string::npos)
    text.insert(exponent, ".0");
  printer << text;
}

static ParseResult parsePer(AsmParser &parser, Scope &scope) {
  StringRef name;
  if (parser.parseKeyword("per"))
    return failure();
  SMLoc place = parser.getCurrentLocation();
  if (parser.parseKeyword(&name))
    return failure();
  std::optional<Scope> found = findScope(name);
  if (!found)
    return parser.emitError(place, "expected unit, core, cluster, die or machine, but got ")
           << name;
  scope = *found;
  return success();
}

static void printPer(AsmPrinter &printer, Scope scope) { printer << " per " << nameOf(scope); }

/// `within 0.5 to 2`, unless they are exact.
static ParseResult parseBounds(AsmParser &parser, Bounds &bounds) {
  if (failed(parser.parseOptionalKeyword("within")))
    return success();
  return failure(parseNumber(parser, bounds.low) || parser.parseKeyword("to") ||
                 parseNumber(parser, bounds.high));
}

static void printBounds(AsmPrinter &printer, const Bounds &bounds) {
  if (bounds.areExact())
    return;
  printer << " within ";
  printNumber(printer, bounds.low);
  printer << " to ";
  printNumber(printer, bounds.high);
}

/// An unknown rate is absent, so that 0 is none.
static ParseResult parseRate(AsmParser &parser, Rate &rate) {
  SMLoc place = parser.getCurrentLocation();
  if (parseNumber(parser, rate.perSecond) || parsePer(parser, rate.scope) ||
      parseBounds(parser, rate.bounds))
    return failure();
  return rate ? success() : ParseResult(parser.emitError(place, "expected a rate above 0"));
}

static ParseResult parseBytes(AsmParser &parser, int64_t &bytes) {
  SMLoc place = parser.getCurrentLocation();
  if (parser.parseInteger(bytes))
    return failure();
  return bytes > 0 ? success() : ParseResult(parser.emitError(place, "expected bytes above 0"));
}

static void printRate(AsmPrinter &printer, const Rate &rate) {
  printNumber(printer, rate.perSecond);
  printPer(printer, rate.scope);
  printBounds(printer, rate.bounds);
}

/// `[a, b]`, which may be empty.
template <typename T, typename Parse>
static ParseResult parseList(AsmParser &parser, SmallVector<T> &list, Parse parse) {
  return parser.parseCommaSeparatedList(Delimiter::Square, [&]() -> ParseResult {
    T element;
    if (failed(parse(element)))
      return failure();
    list.push_back(element);
    return success();
  });
}

template <typename T, typename Print>
static void printList(AsmPrinter &printer, ArrayRef<T> list, Print print) {
  printer << "[";
  llvm::interleaveComma(list, printer, print);
  printer << "]";
}

/// The attribute if its verifier has nothing against it.
template <typename Attr, typename... Args>
static Attribute checked(AsmParser &parser, SMLoc place, const Args &...args) {
  if (failed(Attr::verify([&] { return parser.emitError(place); }, args...)))
    return {};
  return Attr::get(parser.getContext(), args...);
}

/// Parts stand without their mnemonic in the lists of a target.
template <typename Attr>
static ParseResult parseParts(AsmParser &parser, SmallVector<Attr> &list) {
  return parseList(parser, list, [&](Attr &part) {
    part = llvm::cast_if_present<Attr>(Attr::parse(parser, Type()));
    return success(static_cast<bool>(part));
  });
}

template <typename Attr>
static void printParts(AsmPrinter &printer, StringRef key, ArrayRef<Attr> list) {
  if (list.empty())
    return;
  printer << ", " << key << " = ";
  printList(printer, list, [&](Attr part) { part.print(printer); });
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

Attribute InstructionAttr::parse(AsmParser &parser, Type) {
  SMLoc place = parser.getCurrentLocation();
  std::string name;
  int64_t shape[3];
  Type types[3];
  Rate ops;
  if (parser.parseLess() || parser.parseString(&name))
    return {};
  for (int64_t &size : shape) {
    if (parser.parseComma())
      return {};
    if (succeeded(parser.parseOptionalQuestion()))
      size = ShapedType::kDynamic;
    else if (parser.parseInteger(size))
      return {};
  }
  for (Type &type : types)
    if (parser.parseComma() || parser.parseType(type))
      return {};
  if (succeeded(parser.parseOptionalComma()) && parseRate(parser, ops))
    return {};
  if (parser.parseGreater())
    return {};
  return checked<InstructionAttr>(parser, place, name, shape[0], shape[1], shape[2], types[0],
                                  types[1], types[2], ops);
}

void InstructionAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printString(getName());
  for (int64_t size : {getM(), getN(), getK()}) {
    printer << ", ";
    if (ShapedType::isDynamic(size))
      printer << "?";
    else
      printer << size;
  }
  printer << ", " << getLhs() << ", " << getRhs() << ", " << getAcc();
  if (getOps()) {
    printer << ", ";
    printRate(printer, getOps());
  }
  printer << ">";
}

static ParseResult parsePorts(AsmParser &parser, uint32_t &bits) {
  return parser.parseCommaSeparatedList(Delimiter::Square, [&]() -> ParseResult {
    SMLoc place = parser.getCurrentLocation();
    StringRef keyword;
    if (parser.parseKeyword(&keyword))
      return failure();
    const auto *found = llvm::find(portNames, keyword);
    if (found == std::end(portNames))
      return parser.emitError(place, "expected ")
             << llvm::join(ArrayRef(portNames), ", ") << " as what a memory serves, but got "
             << keyword;
    bits |= 1u << (found - std::begin(portNames));
    return success();
  });
}

Attribute MemoryAttr::parse(AsmParser &parser, Type) {
  SMLoc place = parser.getCurrentLocation();
  std::string name;
  int64_t bytes = 0, alignment = 0;
  uint32_t serves = 0;
  Scope scope;
  Rate bandwidth;
  if (parser.parseLess() || parser.parseString(&name) ||
      (succeeded(parser.parseOptionalComma()) && parseBytes(parser, bytes)) ||
      parsePer(parser, scope))
    return {};
  bool comma = succeeded(parser.parseOptionalComma());
  if (comma && succeeded(parser.parseOptionalKeyword("alignment"))) {
    if (parser.parseEqual() || parseBytes(parser, alignment))
      return {};
    comma = succeeded(parser.parseOptionalComma());
  }
  if (comma && succeeded(parser.parseOptionalKeyword("serves"))) {
    if (parser.parseEqual() || parsePorts(parser, serves))
      return {};
    comma = succeeded(parser.parseOptionalComma());
  }
  if (comma &&
      (parser.parseKeyword("bandwidth") || parser.parseEqual() || parseRate(parser, bandwidth)))
    return {};
  if (parser.parseGreater())
    return {};
  return checked<MemoryAttr>(parser, place, name, bytes, scope, alignment, serves, bandwidth);
}

void MemoryAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printString(getName());
  if (getBytes())
    printer << ", " << getBytes();
  printPer(printer, getScope());
  if (getAlignment())
    printer << ", alignment = " << getAlignment();
  SmallVector<StringRef> ports;
  for (Port port : {Port::MatrixInputs, Port::MatrixOutputs, Port::Vectors})
    if (getServes() & bitOf(port))
      ports.push_back(nameOf(port));
  if (!ports.empty()) {
    printer << ", serves = ";
    printList(printer, ArrayRef(ports), [&](StringRef port) { printer << port; });
  }
  if (getBandwidth()) {
    printer << ", bandwidth = ";
    printRate(printer, getBandwidth());
  }
  printer << ">";
}

static ParseResult parseOnTheWay(AsmParser &parser, uint32_t &bits) {
  return parser.parseCommaSeparatedList(Delimiter::OptionalSquare, [&]() -> ParseResult {
    SMLoc place = parser.getCurrentLocation();
    StringRef keyword;
    if (parser.parseKeyword(&keyword))
      return failure();
    if (const OnTheWayInfo *info = findOnTheWay(keyword)) {
      bits |= bitOf(info->id);
      return success();
    }
    InFlightDiagnostic error = parser.emitError(place, "expected ");
    llvm::interleaveComma(onTheWayInfos, error,
                          [&](const OnTheWayInfo &info) { error << info.keyword; });
    return error << " as what can be done on the way, but got " << keyword;
  });
}

Attribute DatapathAttr::parse(AsmParser &parser, Type) {
  SMLoc place = parser.getCurrentLocation();
  std::string from, to;
  Rate bytes;
  uint32_t onTheWay = 0;
  if (parser.parseLess() || parser.parseString(&from) || parser.parseKeyword("to") ||
      parser.parseString(&to) || parseOnTheWay(parser, onTheWay) ||
      (succeeded(parser.parseOptionalComma()) && parseRate(parser, bytes)) || parser.parseGreater())
    return {};
  return checked<DatapathAttr>(parser, place, from, to, bytes, onTheWay);
}

void DatapathAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printString(getFrom());
  printer << " to ";
  printer.printString(getTo());
  SmallVector<StringRef> keywords;
  for (const OnTheWayInfo &info : onTheWayInfos)
    if (can(info.id))
      keywords.push_back(info.keyword);
  if (!keywords.empty()) {
    printer << " ";
    printList(printer, ArrayRef(keywords), [&](StringRef keyword) { printer << keyword; });
  }
  if (getBytes()) {
    printer << ", ";
    printRate(printer, getBytes());
  }
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Target
//===----------------------------------------------------------------------===//

namespace {
/// The fields of a target while they are read, in any order.
struct TargetFields {
  std::string name, triple, cpu;
  SmallVector<StringAttr> features;
  SmallVector<Figure> figures;
  SmallVector<InstructionAttr> instructions;
  SmallVector<MemoryAttr> memories;
  SmallVector<DatapathAttr> datapaths;

  ParseResult parse(AsmParser &parser, StringRef key, SMLoc place);
};
} // namespace

ParseResult TargetFields::parse(AsmParser &parser, StringRef key, SMLoc place) {
  if (key == "triple")
    return parser.parseString(&triple);
  if (key == "cpu")
    return parser.parseString(&cpu);
  if (key == "features")
    return parseList(parser, features,
                     [&](StringAttr &feature) { return parser.parseAttribute(feature); });
  if (key == "instructions")
    return parseParts(parser, instructions);
  if (key == "memories")
    return parseParts(parser, memories);
  if (key == "datapaths")
    return parseParts(parser, datapaths);
  const FigureInfo *info = findFigure(key);
  if (!info || !info->inTarget)
    return parser.emitError(place, "expected a figure of a machine, but got ") << key;
  Figure figure{info->id};
  if (parseNumber(parser, figure.value) ||
      (info->kind == FigureKind::Rate && parsePer(parser, figure.scope)) ||
      parseBounds(parser, figure.bounds))
    return failure();
  figures.push_back(figure);
  return success();
}

Attribute TargetAttr::parse(AsmParser &parser, Type) {
  SMLoc begin = parser.getCurrentLocation();
  TargetFields fields;
  SmallVector<StringRef> seen;
  if (parser.parseLess() || parser.parseString(&fields.name))
    return {};
  while (succeeded(parser.parseOptionalComma())) {
    SMLoc place = parser.getCurrentLocation();
    StringRef key;
    if (parser.parseKeyword(&key) || parser.parseEqual())
      return {};
    if (llvm::is_contained(seen, key)) {
      parser.emitError(place, "expected ") << key << " once";
      return {};
    }
    seen.push_back(key);
    if (fields.parse(parser, key, place))
      return {};
  }
  if (parser.parseGreater())
    return {};
  llvm::sort(fields.figures, [](const Figure &a, const Figure &b) { return a.id < b.id; });
  return checked<TargetAttr>(parser, begin, fields.name, fields.triple, fields.cpu, fields.features,
                             fields.figures, fields.instructions, fields.memories,
                             fields.datapaths);
}

void TargetAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printString(getName());
  if (!getTriple().empty()) {
    printer << ", triple = ";
    printer.printString(getTriple());
    printer << ", cpu = ";
    printer.printString(getCpu());
    printer << ", features = ";
    printList(printer, getFeatures(), [&](StringAttr feature) { printer << feature; });
  }
  for (const Figure &figure : getFigures()) {
    printer << ", " << infoOf(figure.id).key << " = ";
    printNumber(printer, figure.value);
    if (infoOf(figure.id).kind == FigureKind::Rate)
      printPer(printer, figure.scope);
    printBounds(printer, figure.bounds);
  }
  printParts(printer, "instructions", getInstructions());
  printParts(printer, "memories", getMemories());
  printParts(printer, "datapaths", getDatapaths());
  printer << ">";
}
