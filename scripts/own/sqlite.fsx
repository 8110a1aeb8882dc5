// Images from a table of an SQLite file: images (split TEXT, label INTEGER, pixels BLOB), where split is 'train' or 'test', a label counts from 0, and
// pixels are bytes: red, then green, then blue, each row by row.
#r "nuget: Microsoft.Data.Sqlite, 10.0.12"

open System
open System.IO
open System.Security.Cryptography
open Microsoft.Data.Sqlite
open SimCLR
open SimCLR.Core.Images
open TorchSharp

let private connect (path: string) mode =
    let text = SqliteConnectionStringBuilder(DataSource = path, Mode = mode).ToString()
    let connection = new SqliteConnection(text)
    connection.Open()
    connection

/// Every row of the table, in one order: split, label, pixels.
let private rows (path: string) =
    use connection = connect path SqliteOpenMode.ReadOnly
    use command = connection.CreateCommand()
    command.CommandText <- "SELECT split, label, pixels FROM images ORDER BY rowid"
    use reader = command.ExecuteReader()

    [|
        while reader.Read() do
            reader.GetString 0, reader.GetInt64 1, reader.GetFieldValue<byte[]> 2
    |]

let private read (classes: string list) (side: int64) split (all: (string * int64 * byte[])[]) =
    let mine = all |> Array.filter (fun (name, _, _) -> name = split)
    use _scope = torch.NewDisposeScope()
    let pixels = mine |> Array.collect (fun (_, _, pixels) -> pixels)
    let labels = torch.tensor (mine |> Array.map (fun (_, label, _) -> label))
    let images = torch.tensor(pixels).view(int64 mine.Length, 3L, side, side)
    new ImageSet(images.MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope(), List.toArray classes)

/// Changes with any row.
let private fingerprint path =
    use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256

    for split, label, pixels in rows path do
        hash.AppendData(Text.Encoding.UTF8.GetBytes $"{split} {label} {pixels.Length} ")
        hash.AppendData pixels

    Convert.ToHexStringLower(hash.GetHashAndReset())

/// The images of a file, whose path is asked for when they are. Name and settings are their identity, wherever the file lies.
let images name (classes: string list) (path: Lazy<string>) =
    Images.Define(
        name,
        1,
        [ ("side", 32.0) ],
        (fun s -> s.Whole "side"),
        (fun s ->
            let all, side = rows path.Value, int64 (s.Whole "side")
            new ImageSplits(read classes side "train" all, read classes side "test" all)),
        fun _ -> fingerprint path.Value
    )

/// Writes images into a new file.
let write (path: string) (splits: ImageSplits) =
    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath path))
    |> ignore

    let temporary = path + ".new"
    File.Delete temporary
    use connection = connect temporary SqliteOpenMode.ReadWriteCreate
    use create = connection.CreateCommand()
    create.CommandText <- "CREATE TABLE images (split TEXT NOT NULL, label INTEGER NOT NULL, pixels BLOB NOT NULL)"
    create.ExecuteNonQuery() |> ignore
    use transaction = connection.BeginTransaction()
    use insert = connection.CreateCommand()
    insert.CommandText <- "INSERT INTO images VALUES ($split, $label, $pixels)"

    for split, set in [ "train", splits.Train; "test", splits.Test ] do
        for i in 0L .. set.Count - 1L do
            use image = set.Rows(i, 1L)
            insert.Parameters.Clear()
            insert.Parameters.AddWithValue("$split", split) |> ignore
            insert.Parameters.AddWithValue("$label", set.Labels[i].item<int64>()) |> ignore

            insert.Parameters.AddWithValue("$pixels", image.contiguous().data<byte>().ToArray())
            |> ignore

            insert.ExecuteNonQuery() |> ignore

    transaction.Commit()
    connection.Close()
    SqliteConnection.ClearAllPools()
    File.Move(temporary, path, true)
