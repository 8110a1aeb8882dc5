namespace SimCLR.Core.Images;

/// <summary>
/// SVHN, cropped digits of house numbers (Netzer et al. 2011): 73,257 training and 26,032 test images of 32 x 32 pixels in 10 classes, from
/// train_32x32.mat and test_32x32.mat. In them the digit 0 has the label 10.
/// </summary>
/// <param name="root">Holds the files.</param>
/// <param name="download">Whether to fetch them (246 MB, checked by MD5) into the root where they are not there.</param>
public sealed class Svhn(string root, bool download = false) : IImageSource
{
    private const int Side = 32;
    private const int Area = Side * Side;
    private const int MaxImages = 1_000_000;
    private const string Server = "http://ufldl.stanford.edu/housenumbers/";

    private static readonly string[] Classes = [.. Enumerable.Range(0, 10).Select(digit => $"{digit}")];

    /// <inheritdoc/>
    public string Name => "svhn";

    /// <inheritdoc/>
    public ImageSplits Load(Action<string>? report = null, CancellationToken cancellation = default)
    {
        var trainPath = Find("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373", 200_000_000, report, cancellation);
        var testPath = Find("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3", 70_000_000, report, cancellation);
        var train = Read(trainPath, cancellation);
        try
        {
            return new ImageSplits(train, Read(testPath, cancellation));
        }
        catch
        {
            train.Dispose();
            throw;
        }
    }

    private string Find(string name, string md5, long most, Action<string>? report, CancellationToken cancellation)
    {
        var path = Path.Combine(root, name);
        if (File.Exists(path))
            return path;
        if (!download)
            throw new ImageSourceException(
                $"SVHN was not found: there is no {path}. Allow the download (--download in a script), or fetch {Server}{name} into {root}."
            )
            {
                IsMissing = true,
            };
        Download.Ensure(new RemoteFile(new Uri(Server + name), md5, most), path, report, cancellation);
        return path;
    }

    private static ImageSet Read(string path, CancellationToken cancellation)
    {
        PixelBlock? pixels = null;
        long[]? labels = null;
        try
        {
            MatFile.Read(
                path,
                array =>
                {
                    if (array.Name == "X" && pixels is null)
                        pixels = ReadImages(array, cancellation);
                    else if (array.Name == "y" && labels is null)
                        labels = ReadLabels(array);
                }
            );
            if (pixels is null || labels is null || labels.Length != pixels.Count)
                throw new InvalidDataException("it has no X and y of as many images");
            return pixels.ToImageSet(labels, Classes);
        }
        catch (Exception error)
        {
            pixels?.Dispose();
            if (error is IOException or InvalidDataException or OverflowException or UnauthorizedAccessException)
                throw new ImageSourceException(
                    $"{path} could not be read: {error.Message}. Delete it and fetch {Server}{Path.GetFileName(path)} again.",
                    error
                );
            throw;
        }
    }

    private static PixelBlock ReadImages(MatFile.Array array, CancellationToken cancellation)
    {
        if (array.Dimensions is not [Side, Side, 3, > 0 and <= MaxImages])
            throw new InvalidDataException(
                $"X is {string.Join(" x ", array.Dimensions)}, expected 32 x 32 x 3 x images"
            );
        var pixels = new PixelBlock(array.Dimensions[3], 3, Side, Side);
        try
        {
            var columns = new byte[3 * Area];
            for (var i = 0; i < pixels.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                array.Values.ReadExactly(columns);
                Transpose(columns, pixels.Image(i));
            }
            return pixels;
        }
        catch
        {
            pixels.Dispose();
            throw;
        }
    }

    private static long[] ReadLabels(MatFile.Array array)
    {
        if (array.Dimensions is not [> 0 and <= MaxImages, 1])
            throw new InvalidDataException($"y is {string.Join(" x ", array.Dimensions)}, expected images x 1");
        var labels = new byte[array.Dimensions[0]];
        array.Values.ReadExactly(labels);
        return System.Array.TrueForAll(labels, label => label is >= 1 and <= 10)
            ? System.Array.ConvertAll(labels, label => label % 10L)
            : throw new InvalidDataException("y has labels that are not 1 to 10");
    }

    private static void Transpose(ReadOnlySpan<byte> columns, Span<byte> rows)
    {
        for (var c = 0; c < 3; c++)
        for (var y = 0; y < Side; y++)
        for (var x = 0; x < Side; x++)
            rows[c * Area + y * Side + x] = columns[c * Area + x * Side + y];
    }
}
