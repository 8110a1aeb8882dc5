module SimCLR.Tests.ImagesTests

open SimCLR
open Xunit

[<Theory>]
[<InlineData("shapes")>]
[<InlineData("cifar10")>]
[<InlineData("CIFAR100")>]
[<InlineData("fashion-mnist")>]
[<InlineData("SVHN")>]
[<InlineData("stl10")>]
[<InlineData("stl10-labelled")>]
let A_named_data_set_is_read (text: string) =
    let expected =
        match text.ToLowerInvariant() with
        | "shapes" -> Images.shapes
        | "cifar10" -> Images.cifar10
        | "cifar100" -> Images.cifar100
        | "svhn" -> Images.svhn
        | "stl10" -> Images.stl10
        | "stl10-labelled" -> Images.stl10Labelled
        | _ -> Images.fashionMnist

    Assert.Equal(Ok expected, Images.parse text)

[<Fact>]
let A_folder_keeps_the_letters_of_its_path () =
    Assert.Equal(Ok(Images.folder None "/Data/Birds"), Images.parse "folder:/Data/Birds")

[<Theory>]
[<InlineData("mnist")>]
[<InlineData("folder:")>]
[<InlineData("")>]
let An_unknown_data_set_is_named_with_the_choices (text: string) =
    match Images.parse text with
    | Ok images -> Assert.Fail $"'{text}' gave {images}."
    | Error message ->
        Assert.Contains($"'{text}'", message)

        for choice in
            [
                "shapes"
                "cifar10"
                "cifar100"
                "fashion-mnist"
                "svhn"
                "stl10"
                "stl10-labelled"
                "folder:PATH"
            ] do
            Assert.Contains(choice, message)

[<Fact>]
let STL_10_counts_what_has_no_labels_where_it_is_asked_for () =
    Assert.Equal(Some 105000, Images.knownCount Images.stl10)
    Assert.Equal(Some 5000, Images.knownCount Images.stl10Labelled)
    Assert.Equal(Some 96, Images.knownSize Images.stl10)

[<Fact>]
let STL_10_that_is_not_there_is_said_with_its_files_before_anything_is_trained () =
    Samples.withFolder (fun folder ->
        let executor =
            { Executor.storeIn (System.IO.Path.Combine(folder, "runs")) Executor.local with
                DataRoot = folder
                Observer = Observer.silent
            }

        let run images = Run.shapes |> Run.withImages images

        let missing images =
            Assert
                .Throws<SimCLR.Core.Images.ImageSourceException>(fun () ->
                    executor |> Execution.run (run images) |> ignore)
                .Message

        Assert.Contains("unlabeled_X.bin", missing Images.stl10)
        Assert.Contains("train_X.bin", missing Images.stl10Labelled)
        Assert.DoesNotContain("unlabeled_X.bin", missing Images.stl10Labelled)
        Assert.Empty(System.IO.Directory.GetFileSystemEntries folder))

[<Fact>]
let A_limit_lowers_the_known_count () =
    Assert.Equal(Some 50000, Images.knownCount Images.cifar10)
    Assert.Equal(Some 1000, Images.cifar10 |> Images.limit 1000 |> Images.knownCount)
    Assert.Equal(Some 50000, Images.cifar10 |> Images.limit 99999 |> Images.knownCount)
    Assert.Equal(None, Images.folder None "x" |> Images.knownCount)

[<Fact>]
let Reading_files_as_before_leaves_a_folders_value_as_it_is () =
    let folder = Images.folder (Some 64) "/data"
    Assert.Equal(folder, folder |> Images.withChannels 3 |> Images.withBits 8)
    Assert.NotEqual(folder, folder |> Images.withChannels 1)
    Assert.Equal(1, folder |> Images.withChannels 1 |> Images.channels)
    Assert.Equal(1, Images.channels Images.fashionMnist)
    Assert.Equal(3, Images.channels Images.cifar10)

[<Fact>]
let How_files_are_read_is_no_matter_of_known_data_sets () =
    let error =
        Assert.ThrowsAny<System.ArgumentException>(fun () -> Images.cifar10 |> Images.withChannels 1 |> ignore)

    Assert.Contains("image folders", error.Message)

let wrongReadings: obj[] seq =
    [
        [| Images.withChannels 0; "Images.Channels" |]
        [| Images.withBits 12; "Images.Bits is 12; use 8 or 16" |]
        [| Images.withRange 5.0 5.0; "Images.Range is 5 to 5" |]
        [| Images.withRange 0.0 70000.0; "Images.Range is 0 to 70000" |]
    ]

[<Theory>]
[<MemberData(nameof wrongReadings)>]
let A_wrong_way_of_reading_is_named (change: Images -> Images) (problem: string) =
    let run =
        { Run.shapes with
            Images = Images.folder (Some 32) "/data" |> change
        }

    Assert.Contains(Run.problems run, fun text -> text.Contains problem)

[<Fact>]
let Views_that_need_colour_say_so_before_anything_starts () =
    let run channels =
        { Run.shapes with
            Images = Images.folder (Some 32) "/data" |> Images.withChannels channels
        }

    let wrong = Run.problems (run 4)
    Assert.Contains(wrong, fun text -> text.StartsWith "ViewA[" && text.Contains "these have 4; use View.withoutColour")
    Assert.Contains(wrong, fun text -> text.StartsWith "ViewB[")
    Assert.Empty(Run.problems (run 1))

    Assert.Empty(
        Run.problems
            { run 13 with
                ViewA = View.withoutColour Run.shapes.ViewA
                ViewB = View.withoutColour Run.shapes.ViewB
            }
    )

[<Fact>]
let Only_generated_images_are_generated_however_many () =
    for images in
        [
            Images.shapes
            { Images.shapes with
                Source = ImageSource.Shapes { Train = 10; Test = 10; Size = 64 }
                TrainLimit = Some 5
            }
        ] do
        Assert.True(Images.areGenerated images)

    for images in
        [
            Images.cifar10
            Images.folder (Some 32) "pictures"
            Images.named (Some 32) "pictures"
        ] do
        Assert.False(Images.areGenerated images)
