namespace SimCLR

/// The generated data set: shapes on backgrounds, classes told apart by shape and texture.
type ShapesSettings =
    {
        /// Training images.
        Train: int
        /// Test images.
        Test: int
        /// Side in pixels.
        Size: int
    }

/// Where images come from.
[<RequireQualifiedAccess>]
type ImageSource =
    /// Generated; needs no file.
    | Shapes of ShapesSettings
    /// 50,000 and 10,000 images of 32x32 in 10 classes (Krizhevsky 2009).
    | Cifar10
    /// 50,000 and 10,000 images of 32x32 in 100 classes.
    | Cifar100
    /// 60,000 and 10,000 grey images of 28x28 in 10 classes (Xiao et al. 2017).
    | FashionMnist
    /// PATH/train/CLASS/*.jpg and PATH/test/CLASS/*.jpg; resized to that side, if one is given; as colour of 8 bits, if nothing else is said.
    | Folder of path: string * size: int option * reading: FileReading option
    /// The same of a folder whose place is said where the run is executed (Executor.Places, --data-root NAME=PATH, simclr.json): the value and its
    /// hash hold on every machine.
    | Named of name: string * size: int option * reading: FileReading option
    /// 5,011 and 4,952 images in 20 classes, several to an image, resized to that side (Everingham et al. 2007): to transfer to.
    | Voc2007 of size: int
    /// 73,257 and 26,032 images of 32x32 in 10 classes, house numbers (Netzer et al. 2011).
    | Svhn
    /// 5,000 and 8,000 images of 96x96 in 10 classes and, if asked for, 100,000 without labels that only pretraining sees (Coates et al. 2011).
    | Stl10 of unlabelled: bool
    /// Some of your own: Images.Define.
    | Custom of Custom
