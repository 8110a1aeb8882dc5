using SkiaSharp;

namespace SimCLR.Core.Tests.Images;

/// <summary>A folder that lives as long as a test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    internal string Root { get; } = Directory.CreateTempSubdirectory("simclr-test-").FullName;

    internal string At(params string[] parts)
    {
        var path = Path.Combine([Root, .. parts]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>Writes an image, its colour a function of place.</summary>
    internal string WriteImage(
        string relative,
        int width,
        int height,
        Func<int, int, SKColor> colour,
        SKEncodedImageFormat format = SKEncodedImageFormat.Png
    )
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (var y = 0; y < height; y++)
        for (var x = 0; x < width; x++)
            bitmap.SetPixel(x, y, colour(x, y));
        var path = At(relative.Split('/'));
        using var file = File.Create(path);
        Assert.True(bitmap.Encode(file, format, 95));
        return path;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
