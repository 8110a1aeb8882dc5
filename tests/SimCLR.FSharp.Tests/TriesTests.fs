/// A run of which processes die, on whatever machines, is not tried for ever.
module SimCLR.Tests.TriesTests

open System.IO
open SimCLR
open SimCLR.Tests.Samples
open Xunit

let private fileOf run store =
    Path.Combine(Store.folderOf run store, Store.triesFile)

/// As many processes as that take the run and die of it.
let private die times run store =
    for _ in 1..times do
        Tries.begin' run store

let private execute run executor =
    (Execution.execute System.Threading.CancellationToken.None executor (Grid.from run)).Cells[0].Result

[<Fact>]
let ``A run of which three processes died without coming further has failed, and can be tried again`` () =
    withFolder (fun folder ->
        let executor = executor folder
        let store = executor.Store
        die 3 tiny store

        match execute tiny executor with
        | Error failure ->
            Assert.Equal("its processes died", failure.Reason)
            Assert.Contains(System.Environment.MachineName, failure.Detail)
            Assert.Contains("--retry-failed", failure.Detail)
        | Ok _ -> Assert.Fail "it was tried once more"

        Assert.False(File.Exists(fileOf tiny store))
        Assert.Equal(Some "its processes died", Store.tryFailure tiny store |> Option.map _.Reason)
        Assert.True((execute tiny { executor with RetryFailed = true }).IsOk)
        Assert.False(File.Exists(fileOf tiny store)))

[<Fact>]
let ``A run that came further before each death goes on`` () =
    withFolder (fun folder ->
        let store = (executor folder).Store

        for i in 1..5 do
            die 2 tiny store
            File.WriteAllText(Path.Combine(Store.folderOf tiny store, $"checkpoint {i}"), "")

        Assert.True((execute tiny (executor folder)).IsOk))

[<Fact>]
let ``What two processes died of, the third finishes, and what is left in order is not counted`` () =
    withFolder (fun folder ->
        let store = (executor folder).Store

        for _ in 1..4 do
            die 2 tiny store
            Tries.end' tiny store

        die 2 tiny store
        Assert.True((execute tiny (executor folder)).IsOk)
        Assert.False(File.Exists(fileOf tiny store)))

[<Fact>]
let ``Of a trained run the measurement has failed that processes died of, and the others are taken`` () =
    withFolder (fun folder ->
        let executor = executor folder
        let store = executor.Store
        Assert.True((execute tiny executor).IsOk)

        let more =
            { tiny with
                Evaluation =
                    tiny.Evaluation
                    |> Evaluation.measuring [ Measurement.HeadProbe; Measurement.AlignmentUniformity Representation.H ]
            }

        die 3 more store

        match execute more executor with
        | Ok outcome ->
            let label, failure = Assert.Single outcome.Failures
            Assert.Equal(Measurement.label Measurement.HeadProbe, label)
            Assert.Equal("its processes died", failure.Reason)
        | Error failure -> Assert.Fail failure.Detail)

[<Fact>]
let ``The count is the same wherever a machine sees the store`` () =
    withFolder (fun folder ->
        let first, second = Path.Combine(folder, "here"), Path.Combine(folder, "there")
        die 2 tiny (Store.ofFolder first)
        Directory.Move(first, second)
        die 1 tiny (Store.ofFolder second)

        match execute tiny (executor second) with
        | Error failure -> Assert.Equal("its processes died", failure.Reason)
        | Ok _ -> Assert.Fail "it was tried once more")
