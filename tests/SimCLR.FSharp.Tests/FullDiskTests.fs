/// A disk that gets full: a small file system in memory, which root may mount.
[<Xunit.Collection "alone">]
module SimCLR.Tests.FullDiskTests

open System
open System.Collections.Generic
open System.Diagnostics
open System.IO
open System.Threading
open SimCLR
open SimCLR.Core.Training
open SimCLR.Tests.Samples
open TorchSharp
open Xunit

let private system program (arguments: string list) =
    try
        let info = ProcessStartInfo(program, arguments, RedirectStandardError = true)
        use started = Process.Start info
        started.WaitForExit()
        started.ExitCode = 0
    with :? ComponentModel.Win32Exception ->
        false

let private onDiskOf (kibibytes: int) test =
    withFolder (fun folder ->
        if not (system "mount" [ "-t"; "tmpfs"; "-o"; $"size={kibibytes}k"; "tmpfs"; folder ]) then
            Assert.Skip "only root may mount a file system"

        try
            test folder
        finally
            Assert.True(system "umount" [ folder ]))

let private filler folder = Path.Combine(folder, "filler")

/// Writes until nothing more fits.
let private fill folder =
    use file = File.Create(filler folder, 1)

    try
        while true do
            file.Write(ReadOnlySpan(Array.zeroCreate<byte> 4096))
    with :? IOException ->
        ()

let private everyFile folder =
    Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
    |> Array.filter (fun file -> file <> filler folder)

[<Fact>]
let ``A checkpoint that does not fit is told of, and those before it stay whole`` () =
    SimCLR.Core.Runtime.LibTorch.Load() |> ignore

    onDiskOf 1024 (fun disk ->
        let warnings = List<string>()

        let checkpoints =
            CheckpointFolder(Path.Combine(disk, "checkpoint"), (fun text -> warnings.Add text))

        let save (step: int64) =
            use weights = torch.tensor (Array.create 100_000 (float32 step))

            use checkpoint =
                new Checkpoint(step, readOnlyDict [ "w", weights ], readOnlyDict [])

            checkpoints.Save checkpoint

        // 400 kB each: the third finds no room beside the two that are kept.
        Assert.Equal<bool list>([ true; true; false ], [ for step in 1L .. 3L -> save step ])
        Assert.Contains("No checkpoint at step 3", Assert.Single warnings)
        Assert.Contains("free disk space", warnings[0])
        Assert.Equal(2, (everyFile disk).Length)
        use newest = checkpoints.Newest()
        Assert.Equal(2L, newest.Step)
        Assert.All(newest.Tensors["w"].data<float32>().ToArray(), fun value -> Assert.Equal(2.0f, value)))

[<Fact>]
let ``A checkpoint is written, and training goes on, where an old one cannot be deleted`` () =
    SimCLR.Core.Runtime.LibTorch.Load() |> ignore

    onDiskOf 1024 (fun disk ->
        let warnings = List<string>()
        let checkpoints = CheckpointFolder(disk, (fun text -> warnings.Add text))

        let save (step: int64) =
            use weights = torch.tensor [| float32 step |]

            use checkpoint =
                new Checkpoint(step, readOnlyDict [ "w", weights ], readOnlyDict [])

            checkpoints.Save checkpoint

        Assert.True(save 1L)
        let oldest = Assert.Single(everyFile disk)

        // What something is mounted on cannot be deleted, not even by root.
        if not (system "mount" [ "--bind"; oldest; oldest ]) then
            Assert.Skip "this system does not mount a file on a file"

        try
            Assert.True(save 2L)
            Assert.Empty warnings
            Assert.True(save 3L)
            Assert.Contains("An old checkpoint could not be deleted", Assert.Single warnings)
            use newest = checkpoints.Newest()
            Assert.Equal(3L, newest.Step)
        finally
            Assert.True(system "umount" [ oldest ]))

/// A run of a moment.
let private tiny =
    { Run.shapes with
        Images =
            {
                Source = ImageSource.Shapes { Train = 20; Test = 10; Size = 16 }
                TrainLimit = None
            }
        ViewA = View.crop 16
        ViewB = View.crop 16
        Encoder = Encoder.SmallConv [ 4 ]
        Schedule = Schedule.cosine 0.0
        BatchSize = 10
        Epochs = 1
    }

/// A disk that is large enough for what is asked of a store beforehand.
let private roomy = 64 * 1024

let private execute folder onStep grid =
    let observer: Observer =
        function
        | Event.Stepped(_, stage) -> onStep stage
        | _ -> ()

    let results =
        grid
        |> Execution.execute
            CancellationToken.None
            { Executor.local with
                Device = Cpu
                Store = Store.ofFolder (Path.Combine(folder, "runs"))
                Observer = observer
            }

    results.Cells |> List.map _.Result

let private assertUnstorable (result: Result<Outcome, Failure>) =
    match result with
    | Error failure ->
        Assert.Equal("could not be stored", failure.Reason)
        Assert.Contains("free space of", failure.Detail)
    | Ok outcome -> Assert.Fail $"{outcome}"

let private assertWhole folder (results: Result<Outcome, Failure> list) =
    let stored = Store.all failwith (Store.ofFolder (Path.Combine(folder, "runs")))

    Assert.Equal<Outcome list>(
        [ for result in results |> List.choose Result.toOption -> withoutSpeed result ]
        |> List.sort,
        stored |> List.map (snd >> withoutSpeed) |> List.sort
    )

    Assert.DoesNotContain(everyFile folder, fun file -> file.EndsWith ".tmp")

[<Fact>]
let ``A disk that gets full fails the cells it is full for, tears nothing, and the sweep goes on`` () =
    onDiskOf roomy (fun disk ->
        // Full when the first has been trained: its outcome does not fit, and the others cannot even take their locks.
        let watch (stage: Stage) =
            if stage.Point.Step = stage.TotalSteps then
                fill disk

        let grid = Grid.from tiny |> Grid.seeds [ 0; 1; 2 ]
        let results = grid |> execute disk watch
        Assert.Equal(3, results.Length)
        results |> List.iter assertUnstorable
        assertWhole disk results

        File.Delete(filler disk)
        let results = grid |> execute disk ignore
        Assert.All(results, fun result -> Assert.True result.IsOk)
        assertWhole disk results)

[<Fact>]
let ``A training that fails while the disk is full fails its cell, and a lock that does not fit is told, not waited for``
    ()
    =
    onDiskOf roomy (fun disk ->
        let watch (stage: Stage) =
            if stage.Point.LearningRate > 1.0 then
                fill disk

        let set isWild run =
            if isWild then Samples.diverging run else run

        match Grid.from tiny |> Grid.vary "wild" set [ true; false ] |> execute disk watch with
        | [ Error failure; after ] ->
            Assert.Equal("training failed", failure.Reason)
            assertUnstorable after
        | other -> Assert.Fail $"{other}")

[<Fact>]
let ``A picture that does not fit is an error with its reason, and the process goes on`` () =
    onDiskOf 512 (fun disk ->
        fill disk
        let path = Path.Combine(disk, "views.png")

        let error =
            Assert.ThrowsAny<IOException>(fun () ->
                Executor.writeViewSheet path tiny (executor (Path.Combine(disk, "runs"))))

        Assert.Contains("No space left", error.Message)
        Assert.Equal<string array>([||], everyFile disk))
