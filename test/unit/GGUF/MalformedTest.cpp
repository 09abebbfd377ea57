//===- MalformedTest.cpp - one clear message for every malformation -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The categories are those of ggml's own test of its reader (tests/test-gguf.cpp), and more.
//
//===----------------------------------------------------------------------===//

#include "GGUFWriter.h"
#include "TestFiles.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace frit;
using namespace frit::test;

namespace {

/// The message for these bytes, without the "test.gguf: " in front.
std::string messageFor(const std::string &bytes) {
  std::string message = messageOf(readBytes(bytes));
  if (message == "success")
    return message;
  std::string prefix = "test.gguf: ";
  EXPECT_EQ(message.substr(0, prefix.size()), prefix);
  return message.substr(std::min(prefix.size(), message.size()));
}
std::string messageFor(const GGUFWriter &writer) { return messageFor(writer.build()); }

constexpr uint64_t minusOne = ~uint64_t(0);

/// A valid file with one tensor "t" of 8 floats, to be spoilt.
GGUFWriter oneTensor() { return GGUFWriter().f32Tensor("t", {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8}); }

} // namespace

// Header.

TEST(Malformed, Magic) {
  GGUFWriter writer;
  writer.magic = "FUGG";
  EXPECT_EQ(messageFor(writer), "is not a GGUF file: expected it to start with 'GGUF', found the "
                                "bytes 0x46 0x55 0x47 0x47");
  EXPECT_EQ(messageFor(std::string("ab")),
            "is not a GGUF file: expected it to start with 'GGUF', found the bytes 0x61 0x62");
  EXPECT_EQ(messageFor(std::string("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")),
            "is a Git LFS pointer, not the model itself: run 'git lfs pull' where it came from");
  EXPECT_EQ(messageFor(std::string()), "is empty, expected a GGUF file");
}

TEST(Malformed, Version) {
  GGUFWriter writer = oneTensor();
  writer.version = 0;
  EXPECT_EQ(messageFor(writer), "is GGUF version 0, expected version 2 or 3");
  writer.version = 1;
  EXPECT_EQ(messageFor(writer), "is GGUF version 1, whose counts have 32 bits, expected version 2 "
                                "or 3: convert the model again");
  writer.version = 4;
  EXPECT_EQ(messageFor(writer), "is GGUF version 4, expected version 2 or 3");
  writer.version = 0x03000000;
  EXPECT_EQ(messageFor(writer), "is a big-endian GGUF file (version 3 byte-swapped), expected a "
                                "little-endian one");
}

TEST(Malformed, TensorCount) {
  GGUFWriter writer = oneTensor();
  writer.tensorCount = minusOne;
  // One byte less than four tensors need.
  std::string bytes = writer.build();
  bytes.resize(24 + 4 * 33 - 1);
  EXPECT_EQ(messageFor(bytes),
            "the header announces 18446744073709551615 tensors, but a file of 155 bytes with 0 "
            "metadata keys cannot hold more than 3");
}

TEST(Malformed, KeyCount) {
  GGUFWriter writer = oneTensor();
  writer.keyCount = minusOne;
  EXPECT_EQ(messageFor(writer), "the header announces 18446744073709551615 metadata keys, but a "
                                "file of 128 bytes cannot hold more than 7");
}

TEST(Malformed, EndsInsideTheHeader) {
  std::string bytes = oneTensor().build();
  for (size_t size : {1, 3, 4, 7, 8, 15, 16, 23})
    EXPECT_EQ(messageFor(bytes.substr(0, size)),
              "the file ends after " + std::to_string(size) + " bytes, inside the header");
}

// Metadata.

TEST(Malformed, EndsInsideMetadata) {
  // At byte 24: u64 key length, "key", u32 type, u32 value; padded so that the count is plausible.
  auto endAfter = [](size_t bytesOfEntry) {
    GGUFWriter writer;
    std::string start = writer.string("a", "bc").build();
    writer.u32("key", 7);
    return messageFor(writer.build().substr(0, start.size() + bytesOfEntry));
  };
  auto ends = [](size_t bytesOfEntry, std::string what) {
    return "the file ends after " + std::to_string(24 + 8 + 1 + 4 + 8 + 2 + bytesOfEntry) +
           " bytes, inside " + what;
  };
  EXPECT_EQ(endAfter(7), ends(7, "metadata key 2 of 2"));
  EXPECT_EQ(endAfter(8 + 2), ends(10, "metadata key 2 of 2"));
  EXPECT_EQ(endAfter(8 + 3), ends(11, "metadata key 'key'"));
  EXPECT_EQ(endAfter(8 + 3 + 3), ends(14, "metadata key 'key'"));
  EXPECT_EQ(endAfter(8 + 3 + 4), "metadata key 'key': " + ends(15, "its value"));
  EXPECT_EQ(endAfter(8 + 3 + 4 + 3), "metadata key 'key': " + ends(18, "its value"));
  EXPECT_EQ(endAfter(8 + 3 + 4 + 4), "success");
}

TEST(Malformed, KeyLength) {
  auto withLength = [](uint64_t length) {
    return GGUFWriter().rawEntry(
        ByteWriter().put(length).raw("general.name").put(typeU32).put(uint32_t(1)).bytes);
  };
  EXPECT_EQ(messageFor(withLength(minusOne)), "metadata key 1 of 1: is 18446744073709551615 bytes "
                                              "long, at most 65535 are allowed");
  EXPECT_EQ(messageFor(withLength(65536)),
            "metadata key 1 of 1: is 65536 bytes long, at most 65535 are allowed");
  EXPECT_EQ(messageFor(withLength(1000)),
            "the file ends after 52 bytes, inside metadata key 1 of 1");
}

TEST(Malformed, KeyText) {
  auto withKey = [](std::string_view key) { return GGUFWriter().u32("ok", 1).u32(key, 1); };
  EXPECT_EQ(messageFor(withKey("")), "metadata key 2 of 2: is empty");
  EXPECT_EQ(messageFor(withKey(std::string_view("a\0b", 3))),
            "metadata key 2 of 2: holds the byte 0x00, expected printable ASCII without spaces");
  EXPECT_EQ(messageFor(withKey("a b")),
            "metadata key 2 of 2: holds the byte 0x20, expected printable ASCII without spaces");
  EXPECT_EQ(messageFor(withKey("\xc3\xa4")),
            "metadata key 2 of 2: holds the byte 0xc3, expected printable ASCII without spaces");
}

TEST(Malformed, DuplicateKey) {
  EXPECT_EQ(messageFor(GGUFWriter().u32("a", 1).u32("b", 1).string("a", "x")),
            "metadata key 'a' occurs twice");
}

TEST(Malformed, ValueType) {
  EXPECT_EQ(messageFor(GGUFWriter().key("k", 13, "xxxx")),
            "metadata key 'k': unknown value type 13, expected 0 to 12");
  EXPECT_EQ(messageFor(GGUFWriter().key("k", ~0u, "xxxx")),
            "metadata key 'k': unknown value type 4294967295, expected 0 to 12");
  EXPECT_EQ(messageFor(GGUFWriter().array<uint8_t>("k", 13, {1})),
            "metadata key 'k': unknown array element type 13, expected 0 to 12");
}

TEST(Malformed, Bool) {
  EXPECT_EQ(messageFor(GGUFWriter().scalar<uint8_t>("k", typeBool, 2)),
            "metadata key 'k': a bool is stored as the byte 0x02, expected 0 or 1");
  EXPECT_EQ(messageFor(GGUFWriter().array<uint8_t>("k", typeBool, {0, 1, 255})),
            "metadata key 'k': element 3 of 3: a bool is stored as the byte 0xff, expected 0 or 1");
}

TEST(Malformed, String) {
  EXPECT_EQ(messageFor(GGUFWriter().key("k", typeString, ByteWriter().put(minusOne).bytes)),
            "metadata key 'k': a string of 18446744073709551615 bytes, but the file ends 0 bytes "
            "after its length");
  EXPECT_EQ(messageFor(GGUFWriter().string("k", std::string_view("a\0", 2))),
            "metadata key 'k': a string with a NUL character at position 1");
  EXPECT_EQ(
      messageFor(GGUFWriter().array<std::string>("k", typeString, {"a", std::string("\0", 1)})),
      "metadata key 'k': element 2 of 2: a string with a NUL character at position 0");
}

TEST(Malformed, ArrayCount) {
  auto withCount = [](uint32_t elementType, uint64_t count) {
    return GGUFWriter().key("k", typeArray,
                            ByteWriter().put(elementType).put(count).put(uint64_t(0)).bytes);
  };
  EXPECT_EQ(messageFor(withCount(typeU32, minusOne)),
            "metadata key 'k': an array of 18446744073709551615 elements, at most 67108864 are "
            "allowed");
  EXPECT_EQ(messageFor(withCount(typeU8, 67108864)),
            "metadata key 'k': an array of 67108864 u8 elements, but the file ends 8 bytes after "
            "its header");
  EXPECT_EQ(messageFor(withCount(typeU8, 67108865)),
            "metadata key 'k': an array of 67108865 elements, at most 67108864 are allowed");
  EXPECT_EQ(messageFor(withCount(typeU32, 3)), "metadata key 'k': an array of 3 u32 elements, but "
                                               "the file ends 8 bytes after its header");
  EXPECT_EQ(messageFor(withCount(typeString, 1000)),
            "metadata key 'k': element 2 of 1000: the file ends after 57 bytes, inside a string");
}

TEST(Malformed, ArrayDepth) {
  auto nested = [](int depth) {
    ByteWriter writer;
    for (int i = 1; i < depth; ++i)
      writer.put(typeArray).put<uint64_t>(1);
    writer.put(typeU8).put<uint64_t>(1).put<uint8_t>(7);
    return GGUFWriter().key("k", typeArray, writer.bytes).build();
  };
  std::string deepest = nested(8);
  Result<GGUFFile> file = readBytes(deepest);
  ASSERT_TRUE(file) << file.error();
  GGUFValue value = *file->find("k");
  for (int i = 1; i < 8; ++i)
    value = value.elements().at(0);
  EXPECT_EQ(*value.asUIntArray(), std::vector<uint64_t>{7});
  std::string message = messageFor(nested(9));
  EXPECT_TRUE(message.ends_with(": arrays are nested more than 8 deep")) << message;
  message = messageFor(nested(100000));
  EXPECT_TRUE(message.ends_with(": arrays are nested more than 8 deep")) << message;
}

TEST(Malformed, Alignment) {
  auto withAlignment = [](uint32_t alignment) {
    return oneTensor().u32("general.alignment", alignment);
  };
  for (uint32_t alignment : {0u, 1u, 4u, 13u, 24u, 33u, 1u << 21, ~0u})
    EXPECT_EQ(
        messageFor(withAlignment(alignment)),
        "metadata key 'general.alignment': expected a power of two from 8 to 1048576, found " +
            std::to_string(alignment));
  EXPECT_EQ(messageFor(oneTensor().string("general.alignment", "32")),
            "metadata key 'general.alignment': expected u32, found string");
  EXPECT_EQ(messageFor(oneTensor().scalar<uint64_t>("general.alignment", typeU64, 32)),
            "metadata key 'general.alignment': expected u32, found u64");
}

// Tensors.

TEST(Malformed, TensorName) {
  GGUFWriter writer = oneTensor();
  writer.tensors[0].name = "";
  EXPECT_EQ(messageFor(writer), "tensor 1 of 1: its name is empty");
  writer.tensors[0].name = std::string(65, 'n');
  EXPECT_EQ(messageFor(writer), "tensor 1 of 1: its name is 65 bytes long, at most 64 are allowed");
  writer.tensors[0].name = std::string("a\0", 2);
  EXPECT_EQ(messageFor(writer), "tensor 1 of 1: its name holds the control character 0x00");
  writer.tensors[0].name = "a\nb";
  EXPECT_EQ(messageFor(writer), "tensor 1 of 1: its name holds the control character 0x0a");
}

TEST(Malformed, EndsInsideTensors) {
  // At byte 24: u64 name length, "name", u32 rank, u64 dimension, u32 type, u64 offset.
  GGUFWriter writer = GGUFWriter().f32Tensor("name", {1}, {1});
  auto endAfter = [&](size_t bytesOfTensor) {
    return messageFor(writer.build().substr(0, 24 + bytesOfTensor));
  };
  auto ends = [](size_t bytesOfTensor, std::string what) {
    return "the file ends after " + std::to_string(24 + bytesOfTensor) + " bytes, inside " + what;
  };
  EXPECT_EQ(endAfter(33), ends(33, "tensor 'name'"));
  // A second tensor, so that the first can end anywhere and the count is still plausible.
  writer.f32Tensor("second", {1}, {1});
  EXPECT_EQ(endAfter(36 + 30), ends(66, "tensor 'second'"));
  writer.tensors[1].name = std::string(60, 'n');
  EXPECT_EQ(endAfter(36 + 8 + 59), ends(103, "tensor 2 of 2"));
  EXPECT_EQ(endAfter(36 + 8 + 60), ends(104, "tensor '" + std::string(60, 'n') + "'"));
  EXPECT_EQ(endAfter(36 + 8 + 60 + 4), ends(108, "tensor '" + std::string(60, 'n') + "'"));
  EXPECT_EQ(endAfter(36 + 8 + 60 + 4 + 8), ends(116, "tensor '" + std::string(60, 'n') + "'"));
}

TEST(Malformed, DuplicateTensorName) {
  EXPECT_EQ(messageFor(oneTensor().f32Tensor("u", {1}, {1}).f32Tensor("t", {1}, {1})),
            "tensor 't' occurs twice");
}

TEST(Malformed, DimensionCount) {
  for (uint32_t rank : {0u, 5u, ~0u}) {
    GGUFWriter writer = oneTensor();
    writer.tensors[0].rank = rank;
    EXPECT_EQ(messageFor(writer),
              "tensor 't': expected 1 to 4 dimensions, found " + std::to_string(rank));
  }
}

TEST(Malformed, Dimensions) {
  GGUFWriter writer = oneTensor();
  writer.tensors[0].dims = {4, minusOne};
  EXPECT_EQ(messageFor(writer),
            "tensor 't': dimension 1 is 18446744073709551615, which is more than 2^63 - 1");
  writer.tensors[0].dims = {uint64_t(1) << 33, uint64_t(1) << 33};
  EXPECT_EQ(messageFor(writer), "tensor 't': its number of elements does not fit in 63 bits");
  // A zero must not hide the overflow: 2^62 * 2 * 0.
  writer.tensors[0].dims = {uint64_t(1) << 62, 2, 0};
  EXPECT_EQ(messageFor(writer), "tensor 't': its number of elements does not fit in 63 bits");
  writer.tensors[0].dims = {minusOne >> 1};
  EXPECT_EQ(messageFor(writer), "tensor 't': its number of bytes does not fit in 63 bits");
  writer.tensors[0].dims = {(minusOne >> 1) + 1};
  EXPECT_EQ(messageFor(writer),
            "tensor 't': dimension 0 is 9223372036854775808, which is more than 2^63 - 1");
  writer.tensors[0].dims = {uint64_t(1) << 61};
  EXPECT_EQ(messageFor(writer), "tensor 't': its number of bytes does not fit in 63 bits");
}

TEST(Malformed, TensorType) {
  for (uint32_t type : {4u, 5u, 31u, 36u, 43u, ~0u}) {
    GGUFWriter writer = oneTensor();
    writer.tensors[0].type = type;
    EXPECT_EQ(messageFor(writer), "tensor 't': unknown tensor type " + std::to_string(type));
  }
}

TEST(Malformed, RowLength) {
  GGUFWriter writer = oneTensor();
  writer.tensors[0].dims = {48, 2};
  writer.tensors[0].type = ggmlQ40;
  EXPECT_EQ(messageFor(writer), "tensor 't': its rows have 48 elements, which is not a multiple of "
                                "the 32 in a block of Q4_0");
  writer.tensors[0].dims = {128};
  writer.tensors[0].type = ggmlQ6K;
  EXPECT_EQ(messageFor(writer), "tensor 't': its rows have 128 elements, which is not a multiple "
                                "of the 256 in a block of Q6_K");
}

TEST(Malformed, Offset) {
  GGUFWriter writer = oneTensor();
  writer.tensors[0].offset = minusOne;
  EXPECT_EQ(messageFor(writer), "tensor 't': its offset 18446744073709551615 is not a multiple of "
                                "the alignment 32");
  writer.tensors[0].offset = minusOne - 31;
  EXPECT_EQ(messageFor(writer), "tensor 't': 32 bytes at offset 18446744073709551584 of the tensor "
                                "data, which has only 32 bytes");
  writer.tensors[0].offset = 32;
  EXPECT_EQ(messageFor(writer),
            "tensor 't': 32 bytes at offset 32 of the tensor data, which has only 32 bytes");
}

TEST(Malformed, InconsistentAlignment) {
  // The writer pads to 8 bytes, the file says 32.
  GGUFWriter writer = GGUFWriter().f32Tensor("t", {1}, {1}).f32Tensor("u", {1}, {1});
  writer.alignment = 8;
  EXPECT_EQ(messageFor(writer), "tensor 'u': its offset 8 is not a multiple of the alignment 32");
}

TEST(Malformed, MissingData) {
  std::string bytes = oneTensor().build();
  bytes.pop_back();
  EXPECT_EQ(messageFor(bytes),
            "tensor 't': 32 bytes at offset 0 of the tensor data, which has only 31 bytes");
  EXPECT_EQ(messageFor(bytes.substr(0, 90)),
            "the file ends after 90 bytes, before the tensor data at byte 96");
  GGUFWriter writer;
  writer.tensor("t", {0}, ggmlF32, "").u32("key", 1);
  bytes = writer.build();
  ASSERT_TRUE(readBytes(bytes));
  bytes.pop_back();
  EXPECT_EQ(messageFor(bytes), "the file ends after 95 bytes, before the tensor data at byte 96");
}

TEST(Malformed, SizesThatOverflowTogether) {
  GGUFWriter writer;
  writer.tensor("a", {0x7fffffffffffffc0}, ggmlI8, "")
      .tensor("b", {0x7fffffffffffffc0}, ggmlI8, "");
  writer.tensors[1].offset = 0x7fffffffffffffc0;
  EXPECT_EQ(messageFor(writer), "tensor 'a': 9223372036854775744 bytes at offset 0 of the tensor "
                                "data, which has only 0 bytes");
}

TEST(Malformed, OverlappingTensors) {
  GGUFWriter writer = oneTensor().f32Tensor("u", {16}, std::vector<float>(16));
  writer.tensors[0].offset = 32;
  writer.tensors[1].offset = 0;
  EXPECT_EQ(messageFor(writer), "tensor 't': begins at byte 160 of the file, inside tensor 'u' "
                                "(bytes 128 to 191)");
  writer.tensors[0].offset = 64;
  std::string bytes = writer.build() + std::string(32, '\0');
  EXPECT_TRUE(readBytes(bytes));
}

// Not a file.

TEST(Malformed, Paths) {
  TestFiles files;
  auto messageAt = [&](const std::string &name) {
    std::string path = files.path(name);
    std::string message = messageOf(GGUFFile::open(path));
    EXPECT_EQ(message.substr(0, path.size() + 2), path + ": ");
    return message.substr(std::min(path.size() + 2, message.size()));
  };
  EXPECT_EQ(messageAt("missing"), "cannot open the file: No such file or directory");
  EXPECT_EQ(messageAt(std::string(300, 'x')), "cannot open the file: File name too long");
  EXPECT_EQ(messageAt(""), "is a directory, expected a regular file");
  files.write("empty", "");
  EXPECT_EQ(messageAt("empty"), "is empty, expected a GGUF file");
  EXPECT_EQ(messageAt("empty/child"), "cannot open the file: Not a directory");
  ASSERT_EQ(mkfifo(files.path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(messageAt("fifo"), "is a named pipe, expected a regular file");
  std::filesystem::create_symlink("loop", files.path("loop"));
  EXPECT_EQ(messageAt("loop"), "cannot open the file: Too many levels of symbolic links");
  std::filesystem::create_symlink("/dev/zero", files.path("zero"));
  EXPECT_EQ(messageAt("zero"), "is a device, expected a regular file");
  if (geteuid() != 0) {
    std::filesystem::permissions(files.write("secret", "x"), std::filesystem::perms::none);
    EXPECT_EQ(messageAt("secret"), "cannot open the file: Permission denied");
  }
}

TEST(Malformed, SocketPath) {
  TestFiles files;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string path = files.path("socket");
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  path.copy(address.sun_path, path.size());
  int socketFd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_GE(socketFd, 0);
  ASSERT_EQ(bind(socketFd, reinterpret_cast<sockaddr *>(&address), sizeof(address)), 0);
  EXPECT_EQ(messageOf(GGUFFile::open(path)), path + ": is a socket, expected a regular file");
  close(socketFd);
}
