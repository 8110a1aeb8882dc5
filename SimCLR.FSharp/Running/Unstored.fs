/// What runs came to that is not stored, as trying again could help, for as long as worker processes share a sweep: what one of them has tried, the others
/// and the process that started them do not try again. It lies in a temporary folder, which a variable names to the workers.
module internal SimCLR.Unstored

open System
open System.IO
open System.Security.Cryptography
open System.Text

[<Literal>]
let private Variable = "SIMCLR_UNSTORED"

let private folder () =
    Environment.GetEnvironmentVariable Variable |> Option.ofObj

let private fileOf run (store: Store) folder =
    let key =
        $"{store.Folder}\n{Run.hash run}" |> Encoding.UTF8.GetBytes |> SHA256.HashData

    Path.Combine(folder, Convert.ToHexStringLower key + ".json")

/// Has this process and the workers that it starts share what is not stored, until it is disposed; null where there is no room for it.
let share () : IDisposable | null =
    try
        let folder = Directory.CreateTempSubdirectory "simclr-unstored-"
        Environment.SetEnvironmentVariable(Variable, folder.FullName)

        { new IDisposable with
            member _.Dispose() =
                Environment.SetEnvironmentVariable(Variable, null)

                try
                    folder.Delete true
                with error when Failing.isOfDisk error ->
                    ()
        }
    with error when Failing.isOfDisk error ->
        null

/// Whether processes share what is not stored.
let isShared () = folder () |> Option.isSome

/// Notes what a run came to. Where that cannot be written, it is tried again.
let note run (result: Result<Outcome, Failure>) store =
    try
        folder ()
        |> Option.iter (fun folder -> StoredFile.write (fileOf run store folder) result)
    with error when Failing.isOfDisk error ->
        ()

/// What a run came to in one of the processes.
let tryFind run store : Result<Outcome, Failure> option =
    folder ()
    |> Option.bind (
        fileOf run store
        >> StoredFile.tryRead<Result<Outcome, Failure>> ignore "is tried again"
    )
