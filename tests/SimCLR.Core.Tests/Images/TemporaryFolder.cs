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
        Func<int, int, Colour> colour,
        PictureFormat format = PictureFormat.Png
    )
    {
        var path = At(relative.Split('/'));
        File.WriteAllBytes(path, Picture.Encode(width, height, colour, format));
        return path;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
