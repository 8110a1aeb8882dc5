using System.Buffers.Binary;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Tests.Runtime;

public class ShimTests
{
    // Hashes as binutils' readelf prints them for libstdc++'s versions.
    [Theory]
    [InlineData("GLIBCXX_3.4.32", 0x0297f842)]
    [InlineData("GLIBCXX_3.4.9", 0x02297f89)]
    [InlineData("GCC_3.0", 0x0b792650)]
    public void Version_hashes_are_the_linkers(string version, uint hash) => Assert.Equal(hash, Shim.ElfHash(version));

    [Fact]
    public void Only_the_flag_of_the_named_version_changes()
    {
        var library = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(library.AsSpan(16), 0x0297f842);
        BinaryPrimitives.WriteUInt32LittleEndian(library.AsSpan(32), 0x02297f89);
        var mended = library.ToArray();
        Shim.WeakenVersion(mended, "GLIBCXX_3.4.32");
        var changed = Enumerable.Range(0, 64).Where(i => library[i] != mended[i]).ToList();
        Assert.Equal([20], changed);
        Assert.Equal(2, mended[20]);
    }

    [Fact]
    public void A_library_without_the_version_or_with_two_is_left_alone()
    {
        Assert.Throws<InvalidDataException>(() => Shim.WeakenVersion(new byte[64], "GLIBCXX_3.4.32"));
        var twice = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(twice.AsSpan(16), 0x0297f842);
        BinaryPrimitives.WriteUInt32LittleEndian(twice.AsSpan(32), 0x0297f842);
        Assert.Throws<InvalidDataException>(() => Shim.WeakenVersion(twice, "GLIBCXX_3.4.32"));
    }
}
