/// Long measurements in parts, which runs of a few minutes take one after the other.
module SimCLR.Tests.PartsTests

open System
open System.IO
open SimCLR.Benchmarks
open SimCLR.Tests.Samples
open Xunit

let private part (taken: ResizeArray<string>) name measure =
    Part(
        name,
        TimeSpan.Zero,
        fun cancellation ->
            taken.Add name
            measure cancellation
    )

let private good _ = Found("as it is", "so", true)

let private take folder parts =
    Parts(folder, TimeSpan.FromMinutes 1.0).Take(Array.ofList parts)

[<Fact>]
let What_is_done_is_not_done_again_and_what_was_not_finished_goes_on () =
    withFolder (fun folder ->
        let taken = ResizeArray()
        let mutable tries = 0

        let parts =
            [
                part taken "first" good
                part taken "long" (fun _ ->
                    tries <- tries + 1
                    if tries < 3 then null else Found("done", "done", true))
                part taken "last" good
            ]

        let struct (rows, failures, complete) = take folder parts
        Assert.Equal((1, 0, false), (rows.Count, failures, complete))
        let struct (_, _, complete) = take folder parts
        Assert.False complete
        let struct (rows, _, complete) = take folder parts
        Assert.Equal((3, true), (rows.Count, complete))
        take folder parts |> ignore
        Assert.Equal<string>([ "first"; "long"; "long"; "long"; "last" ], taken))

[<Fact>]
let What_fails_is_counted_and_does_not_keep_the_others_from_being_measured () =
    withFolder (fun folder ->
        let taken = ResizeArray()

        let parts =
            [
                part taken "broken" (fun _ -> raise (InvalidOperationException "no such number"))
                part taken "wrong" (fun _ -> Found("3", "2", false))
                part taken "good" good
            ]

        let struct (rows, failures, complete) = take folder parts
        Assert.Equal((3, 2, true), (rows.Count, failures, complete))
        Assert.Contains("no such number", rows[0][1])
        Assert.StartsWith("! broken", rows[0][0]))

[<Fact>]
let A_part_is_not_begun_where_too_little_time_is_left () =
    withFolder (fun folder ->
        let long = Part("long", TimeSpan.FromHours 1.0, fun _ -> good ())
        let struct (rows, _, complete) = take folder [ long ]
        Assert.Equal((0, false), (rows.Count, complete)))

[<Fact>]
let Large_files_travel_in_pieces_and_are_whole_again () =
    withFolder (fun folder ->
        let random = Random 3

        let files =
            [
                for name, length in [ "a", 0; "below/b", 999; "below/c", 1000; "d", 1001; "e", 5000 ] do
                    let bytes = Array.zeroCreate length
                    random.NextBytes bytes
                    let path = Path.Combine(folder, name)
                    Directory.CreateDirectory(nonNull (Path.GetDirectoryName path)) |> ignore
                    File.WriteAllBytes(path, bytes)
                    path, bytes
            ]

        Pieces.Split(folder, 1000)

        for file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories) do
            Assert.InRange(FileInfo(file).Length, 0L, 1000L)

        // Two of d, five of e.
        Assert.Equal(10, Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Length)
        Pieces.Join folder

        for path, bytes in files do
            Assert.Equal<byte array>(bytes, File.ReadAllBytes path)

        Assert.Equal(files.Length, Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Length))
