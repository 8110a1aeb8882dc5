/// Damaged files for every reader; ./simclr bench fuzz does the same at length.
module SimCLR.Tests.FuzzTests

open System
open System.IO
open System.Threading
open SimCLR.Benchmarks
open SimCLR.Core.Runtime
open SimCLR.Tests.Samples
open Xunit

/// Memory is that of the process: nothing else may run beside.
[<CollectionDefinition("fuzz", DisableParallelization = true)>]
type Alone() = class end

let private names =
    LibTorch.Load() |> ignore
    [ for reader in Fuzz.Readers -> reader.Name ]

/// A reader of text that does as told.
let private reader read =
    FuzzReader(
        "made for the test",
        "file",
        [| "12 seeds of text"B |],
        typeof<InvalidDataException>,
        Func<_, _, _>(fun _ path -> read path)
    )

let private failures limit read =
    withFolder (fun folder ->
        let row = FuzzRun(1, folder, Nullable limit).Run(reader read, 20)
        List.ofSeq row.Failures)

let private soon = TimeSpan.FromSeconds 20.0

[<Collection "fuzz">]
type FuzzTests() =

    static member Readers = TheoryData<string>(Seq.ofList names)

    [<Theory>]
    [<MemberData(nameof FuzzTests.Readers)>]
    member _.A_damaged_file_is_taken_or_refused_by_name_in_bounded_time_and_memory(name: string) =
        let reader = Fuzz.Readers |> Seq.find (fun reader -> reader.Name = name)
        let kept = Path.Combine(AppContext.BaseDirectory, "fuzz")
        let row = FuzzRun(7, kept).Run(reader, 2000, TimeSpan.FromSeconds 1.0)
        Assert.Empty row.Failures
        Assert.True(row.Refused > 0, "Nothing was refused.")
        Assert.True(row.Inputs >= 20, $"{row.Inputs} inputs only.")

    [<Theory>]
    [<MemberData(nameof FuzzTests.Readers)>]
    member _.The_valid_files_that_damage_begins_with_are_taken_and_the_hostile_ones_refused(name: string) =
        let reader = Fuzz.Readers |> Seq.find (fun reader -> reader.Name = name)

        withFolder (fun folder ->
            if not (isNull reader.Prepare) then
                reader.Prepare.Invoke folder

            let read file =
                let path = Path.Combine(folder, reader.File)
                Directory.CreateDirectory(Path.GetDirectoryName path) |> ignore
                File.WriteAllBytes(path, (if isNull reader.Seal then file else reader.Seal.Invoke file))
                reader.Read.Invoke(folder, path)

            for file in reader.Seeds do
                Assert.Null(read file)

            for file in reader.Hostile do
                Assert.Throws(reader.Refusal, fun () -> read file |> ignore) |> ignore)

    [<Fact>]
    member _.The_same_seed_damages_alike() =
        for reader in Fuzz.Readers do
            for index in [ 0; 1; 99 ] do
                Assert.Equal<byte>(reader.Input(3, index), reader.Input(3, index))

            let differ =
                [ for index in 0..9 -> reader.Input(3, index) <> reader.Input(4, index) ]

            Assert.Contains(true, differ)

    [<Fact>]
    member _.A_reader_that_throws_something_else_is_found_and_its_input_kept() =
        withFolder (fun folder ->
            let read _ : string | null = raise (IndexOutOfRangeException())
            let row = FuzzRun(1, folder).Run(reader read, 20)
            Assert.Equal(5, row.Failures.Count)
            Assert.Contains("throws IndexOutOfRangeException, not InvalidDataException", row.Failures[0])
            Assert.Contains("seed 1, input 0", row.Failures[0])

            Assert.Equal<byte>(
                reader(read).Input(1, 0),
                File.ReadAllBytes(Path.Combine(folder, "made-for-the-test-1-0.bin"))
            ))

    [<Fact>]
    member _.A_reader_that_does_not_name_the_file_is_found() =
        Assert.NotEmpty(failures soon (fun _ -> "it is damaged"))
        Assert.NotEmpty(failures soon (fun _ -> raise (InvalidDataException "it is damaged")))
        Assert.Empty(failures soon (fun path -> raise (InvalidDataException $"{path} is damaged")))

    [<Fact>]
    member _.A_reader_that_takes_too_much_memory_is_found() =
        let read _ : string | null =
            GC.KeepAlive(Array.zeroCreate<byte>(600 <<< 20))
            null

        Assert.Contains("allocated 600 MiB", (failures soon read).Head)

    [<Fact>]
    member _.A_reader_that_hangs_is_found() =
        let read _ : string | null =
            Thread.Sleep 3000
            null

        let error =
            Assert.Throws<TimeoutException>(fun () -> failures (TimeSpan.FromSeconds 1.0) read |> ignore)

        Assert.Contains("hangs", error.Message)
