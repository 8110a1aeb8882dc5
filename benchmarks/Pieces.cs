namespace SimCLR.Benchmarks;

/// <summary>Large files of a folder as several small ones, NAME.000, NAME.001, ..., for ways that take no large ones.</summary>
internal static class Pieces
{
    /// <summary>Most bytes of a piece: 16 MiB.</summary>
    internal const int Bytes = 16 << 20;

    /// <summary>Cuts every file below the folder that is larger.</summary>
    internal static void Split(string folder, int bytes = Bytes)
    {
        foreach (var path in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            if (new FileInfo(path).Length <= bytes)
                continue;
            using (var whole = File.OpenRead(path))
            {
                var buffer = new byte[bytes];
                for (
                    var number = 0;
                    whole.ReadAtLeast(buffer, bytes, throwOnEndOfStream: false) is > 0 and var read;
                    number++
                )
                    File.WriteAllBytes($"{path}.{number:D3}", buffer[..read]);
            }
            File.Delete(path);
        }
    }

    /// <summary>Puts what was cut together again.</summary>
    internal static void Join(string folder)
    {
        foreach (var first in Directory.GetFiles(folder, "*.000", SearchOption.AllDirectories))
        {
            var path = first[..^".000".Length];
            var pieces = Enumerable.Range(0, 1000).Select(i => $"{path}.{i:D3}").TakeWhile(File.Exists).ToList();
            using (var whole = File.Create(path))
                foreach (var piece in pieces)
                    whole.Write(File.ReadAllBytes(piece));
            pieces.ForEach(File.Delete);
        }
    }
}
