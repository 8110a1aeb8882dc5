/// How often processes that had a run have died without bringing it further, on whatever machine. Who takes a run writes so into its folder, and takes it back
/// when he leaves it in order; what is found there was left by a process that died.
module internal SimCLR.Tries

open System
open System.IO
open System.Security.Cryptography
open System.Text

/// What the process that has the run has written.
type Try =
    {
        /// Processes that died before it, one after the other, with nothing new stored between.
        Deaths: int
        /// What there was of the run when the last of them had died.
        State: string
        /// Its number and machine.
        By: string
    }

/// So often a process may die with nothing to show for it.
[<Literal>]
let Patience = 3

let private fileOf run store =
    Path.Combine(Store.folderOf run store, Store.triesFile)

/// The same on every machine, wherever the store is there.
let private stateOf run store =
    (Store.stateOf run store).Replace(store.Folder, "")
    |> Encoding.UTF8.GetBytes
    |> SHA256.HashData
    |> Convert.ToHexStringLower

/// A store may be full, or not writable: then what died is not counted.
let private attempt action =
    try
        action ()
    with error when Failing.isOfDisk error ->
        ()

let private read path =
    match
        (if File.Exists path then
             Json.read<Try>(File.ReadAllText path)
         else
             Error "")
    with
    | Ok last -> Some last
    | Error _ -> None

/// Notes that this process has the run now. Where too many have died of it, that is stored as its failure.
let begin' run (store: Store) =
    attempt (fun () ->
        let path = fileOf run store
        let last, state = read path, stateOf run store

        let deaths =
            match last with
            | Some last when last.State = state -> last.Deaths + 1
            | Some _ -> 1
            | None -> 0

        let deaths =
            match last with
            | Some last when deaths >= Patience ->
                Store.saveDeath
                    run
                    {
                        Reason = "its processes died"
                        Detail =
                            $"{Patience} processes that computed it ended one after the other without coming further and without a word, the last on {last.By}: "
                            + "killed, often for lack of memory, or by a crash of native code. Try again with --retry-failed, with more memory or a smaller batch if that was short."
                    }
                    store

                0
            | _ -> deaths

        SimCLR.Core.Runtime.AtomicFile.WriteText(
            path,
            Json.write
                {
                    Deaths = deaths
                    State = (if deaths = 0 then "" else state)
                    By = $"{Environment.MachineName}, process {Environment.ProcessId}"
                }
            + "\n"
        ))

/// Notes that this process leaves the run in order.
let end' run store =
    attempt (fun () -> File.Delete(fileOf run store))
