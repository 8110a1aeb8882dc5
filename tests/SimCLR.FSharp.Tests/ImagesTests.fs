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

        let run images = Run.shapes |> Run.images images

        let missing images =
            Assert
                .Throws<SimCLR.Core.Images.ImageSourceException>(fun () ->
                    executor |> Executor.run (run images) |> ignore)
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
