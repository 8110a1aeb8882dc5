using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;
using SimCLR.Core.Runtime;
using Tensorboard;

namespace SimCLR.Core.Training;

/// <summary>A value of a curve.</summary>
/// <param name="Tag">The name of its curve; those that begin alike up to a '/' stand together.</param>
/// <param name="Step">Training steps done.</param>
/// <param name="Value">The value, shown in single precision.</param>
/// <param name="Time">When the step was done, in Unix seconds.</param>
public readonly record struct ScalarPoint(string Tag, long Step, double Value, double Time);

/// <summary>
/// A file of events that TensorBoard shows while it is written: records of TensorFlow's TFRecord format (length, checksum, message, checksum),
/// each an Event message with one scalar. Steps that begin anew in a newer file of the same folder take the place of the older ones.
/// </summary>
public sealed class EventFile : IDisposable
{
    private const string Pattern = "events.out.tfevents.*";
    private static int files;
    private readonly FileStream stream;

    /// <summary>Begins a file in a run's folder, beside those that are there; its name comes after theirs in order.</summary>
    /// <param name="folder">Made if it is not there; its name is the run's name.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public EventFile(string folder)
    {
        Directory.CreateDirectory(folder);
        var number = Interlocked.Increment(ref files);
        var name =
            $"events.out.tfevents.{UnixTime.Now:F0}.{Environment.MachineName}.{Environment.ProcessId}.{number:D4}";
        stream = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        Write(new Event { WallTime = UnixTime.Now, FileVersion = "brain.Event:2" });
    }

    /// <summary>Appends a point, which readers see at once.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Add(ScalarPoint point) =>
        Write(
            new Event
            {
                WallTime = point.Time,
                Step = point.Step,
                Summary = new Summary
                {
                    Value =
                    {
                        new Summary.Types.Value { Tag = point.Tag, SimpleValue = (float)point.Value },
                    },
                },
            }
        );

    /// <summary>Writes a run's points to its folder, in place of what was there.</summary>
    /// <param name="folder">Made if it is not there; its name is the run's name.</param>
    /// <param name="points">In the order of their steps.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string folder, IEnumerable<ScalarPoint> points)
    {
        Directory.CreateDirectory(folder);
        var before = Directory.GetFiles(folder, Pattern);
        using (var file = new EventFile(folder))
            foreach (var point in points)
                file.Add(point);
        foreach (var path in before)
            File.Delete(path);
    }

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    private void Write(Event message)
    {
        var content = message.ToByteArray();
        var record = new byte[sizeof(ulong) + sizeof(uint) + content.Length + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), MaskedChecksum(record.AsSpan(0, 8)));
        content.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + content.Length), MaskedChecksum(content));
        stream.Write(record);
        stream.Flush();
    }

    /// <summary>CRC-32C, rotated and shifted, as TFRecord wants it.</summary>
    private static uint MaskedChecksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
    }
}
