namespace SimCLR

open System
open System.Collections.Generic
open System.IO

/// Stored runs as a table of texts, with a column for everything that one of them has. Equal texts are held once: 10,000 runs take some 20 MB.
type RunTable(runs: StoredRun seq) =
    let columns = Dictionary<string, int>()
    let groups = List<List<string>>()
    let pool = Dictionary<string, string>()
    let rows = List<string[]>()

    let indexOf group name =
        match columns.TryGetValue name with
        | true, index -> index
        | _ ->
            while groups.Count <= group do
                groups.Add(List())

            groups[group].Add name
            columns[name] <- columns.Count
            columns.Count - 1

    let pooled text =
        match pool.TryGetValue text with
        | true, known -> known
        | _ ->
            pool[text] <- text
            text

    do
        for run in runs do
            let cells =
                [|
                    for group, cells in List.indexed (StoredRun.columns run) do
                        for name, text in cells -> indexOf group name, pooled text
                |]

            let row = Array.zeroCreate columns.Count
            cells |> Array.iter (fun (index, text) -> row[index] <- text)
            rows.Add row

    /// Names of the columns: hashes, leaves of the runs by their paths, figures, and what else is known.
    member _.Columns: string list =
        [
            for group in groups do
                yield! group
        ]

    /// Names of the leaves of the runs.
    member _.Paths: string list = if groups.Count > 1 then List.ofSeq groups[1] else []

    /// Numbers of the rows.
    member _.Rows: int list = [ 0 .. rows.Count - 1 ]

    /// What a row has in a column.
    member _.TryFind(row: int, column: string) : string option =
        match columns.TryGetValue column with
        | true, index when index < rows[row].Length -> Option.ofObj (rows[row][index])
        | _ -> None

    /// Writes a line of names, and one per run.
    member table.WriteCsv(writer: TextWriter) =
        let quoted (text: string) =
            if text.IndexOfAny [| ','; '"'; '\n'; '\r' |] >= 0 then
                "\"" + text.Replace("\"", "\"\"") + "\""
            else
                text

        let line (cells: string seq) =
            writer.Write(String.Join(",", Seq.map quoted cells) + "\n")

        line table.Columns
        let names = table.Columns

        for row in table.Rows do
            line [ for name in names -> table.TryFind(row, name) |> Option.defaultValue "" ]
