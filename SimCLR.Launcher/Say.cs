using System.Text;

namespace SimCLR.Launcher;

/// <summary>Lines for the user. Not by Console's writers, which set the terminal up for this process: another takes its place.</summary>
internal static class Say
{
    public static void Out(string text) => Write(Console.OpenStandardOutput(), text);

    public static void Error(string text) => Write(Console.OpenStandardError(), text);

    /// <summary>What a step says while it runs.</summary>
    public static void Bytes(ReadOnlySpan<byte> bytes) => Console.OpenStandardOutput().Write(bytes);

    private static void Write(Stream stream, string text) => stream.Write(Encoding.UTF8.GetBytes(text + "\n"));
}
